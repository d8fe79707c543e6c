"""OCI documents that every reader takes for the same image.

Engines are written in Go, whose ``encoding/json`` ignores the case of keys, and merges objects
that are given twice: ``entrypoint`` sets what ``Entrypoint`` does. So known keys have to be spelled
as the specification does, and each be there once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from packager.manifest.strict_json import strict_json, strict_value

DESCRIPTOR = (
    *("mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"),
    *("architecture", "os", "variant", "features", "os.version", "os.features"),
)
MANIFEST = ("schemaVersion", "config", "layers", "manifests", "subject", *DESCRIPTOR)
"""Keys of manifests, indexes and what is in them."""
CONFIG = (
    *("created", "author", "architecture", "os", "variant", "os.version", "os.features"),
    *("config", "rootfs", "history", "type", "diff_ids", "created_by", "comment", "empty_layer"),
    *("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels"),
    *("StopSignal", "StopTimeout", "ArgsEscaped", "Healthcheck", "OnBuild", "Shell"),
    *("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"),
)
"""Keys of an image's config and what is in it."""
SAVED = ("Config", "RepoTags", "Layers", "Parent", "LayerSources")
"""Keys of the ``manifest.json`` of ``docker save``."""
FREE = ("Labels", "annotations", "ExposedPorts", "Volumes", "LayerSources", "container_config")
"""Keys whose objects have keys of anybody's choice."""


def oci_manifest(content: bytes) -> dict[str, Any]:
    """A manifest or index; raises ``ValueError`` for keys that another reader could mistake."""
    manifest = strict_json(content)
    _check_spelling(manifest, MANIFEST)
    return manifest


def image_config(content: bytes) -> dict[str, Any]:
    """An image's config; raises ``ValueError`` as ``oci_manifest``."""
    config = strict_json(content)
    _check_spelling(config, CONFIG)
    return config


def saved_manifest(content: bytes) -> Any:
    """The ``manifest.json`` of an archive; raises ``ValueError`` as ``oci_manifest``."""
    manifest = strict_value(content)
    _check_spelling(manifest, SAVED)
    return manifest


def _check_spelling(document: Any, names: Iterable[str]) -> None:
    """Raise ``ValueError`` if a key in ``document`` is one of ``names`` in another spelling."""
    known = {name.casefold(): name for name in names}
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            for key, value in one.items():
                if known.get(key.casefold(), key) != key:
                    raise ValueError(
                        f"the key {key!r:.120}, which engines take for {known[key.casefold()]!r}"
                    )
                if key not in FREE:
                    waiting.append(value)
