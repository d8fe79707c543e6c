"""Builds the image config, whose digest identifies an image in every store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packager.digest import canonical_json, sha256_bytes
from packager.image.layers import Layer
from packager.image.runtime import COMMANDS, HOST, INSTALLED_AT, VENV
from packager.manifest.manifest import Base
from packager.registry.manifests import ImageIndex

PORT = 3000
GRPC_INSIDE = 3001
"""The port of gRPC in an image that has it, unless ``MODEL_GRPC_PORT`` is set."""
USER = "65532:0"
# How Docker writes a step in an image's history, and the folders that our Dockerfile copies to.
METADATA = re.compile(r"/bin/sh -c #\(nop\)\s+(?!COPY|ADD)")
COPIED = re.compile(r"/bin/sh -c #\(nop\)\s+COPY \S+ in (/\S+?)/?\s*$")
COPIES = {
    "/opt/wheels": "wheels",
    "/opt/venv": "server environment",
    "/opt/model": "model environment",
    "/opt/members": "members' environments",
    "/opt/runtime": "runtime",
    "/code": "code",
    "/models": "model",
    "/package": "package",
}
TRAINING = "training runtime"
"""Name of the layer with the modules that train, check and compare."""
MEMBERS_DATA = "members data"
"""The layer with the training data of a solution's members."""
DATA_LAYERS = frozenset({"data", MEMBERS_DATA})
"""Names of the layers with training data."""
COPIES_ON_TOP = {
    "/opt/wheels": "worker wheels",
    "/opt/harness": "worker environment",
    "/opt/runtime": TRAINING,
    "/data": "data",
}
"""Folder → layer name, for layers of a companion above ``/package``."""
EPOCH = "1970-01-01T00:00:00Z"
LABEL = "model-packager"
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
REVISION = "org.opencontainers.image.revision"
SOURCE = "org.opencontainers.image.source"
WORKING_TREE = f"{LABEL}.working-tree"
"""Annotation: whether the files were those of ``REVISION``: clean, dirty, unknown."""
DOCKERFILE_LABELS = (f"{LABEL}.name", f"{LABEL}.task", TITLE, VERSION)
"""The labels in the Dockerfile that a package contains; the others are outside of the root."""
ENVIRONMENT = {
    "BENTOML_DO_NOT_TRACK": "True",
    "BENTOML_HOME": "/tmp/bentoml",
    "HOME": "/tmp",
    "LC_ALL": "C.UTF-8",
    "MODEL_ROOT": "/",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": f"/{INSTALLED_AT}:/{INSTALLED_AT}/{HOST}",
    "PYTHONSAFEPATH": "1",  # a module `serving` in /code must not replace ours
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
    "USER": "nonroot",
}


@dataclass(frozen=True)
class Image:
    """A finished image: its tag (``repository:tag``), its config and its layers, bottom up."""

    name: str
    config: bytes
    layers: tuple[Layer, ...]
    annotations: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """Of its OCI manifest: part of the manifest's digest, not of the config's."""
    manifest_digest: str | None = field(default=None, compare=False, kw_only=True)
    """``sha256:…`` of its manifest where it is stored with one; None in an engine or archive."""
    index: ImageIndex | None = field(default=None, compare=False, kw_only=True)
    """The index of platforms that it was found by; None if it was found by itself."""

    @property
    def digest(self) -> str:
        """The config digest, ``sha256:…``: one identity in engines, folders and registries."""
        return f"sha256:{sha256_bytes(self.config)}"

    @property
    def size(self) -> int:
        """Bytes of all layers, uncompressed."""
        return sum(layer.size for layer in self.layers)


def assemble(
    name: str,
    base: Base | None,
    layers: Sequence[Layer],
    platform: str,
    labels: Mapping[str, str],
    *,
    grpc: bool = False,
) -> Image:
    """An image of ``layers`` with one canonical config, which records neither date nor machine.

    ``grpc``: whether its server has a port for gRPC.
    """
    settings = {**start_settings(base, grpc=grpc), "Labels": dict(labels)}
    return image_of(name, platform, settings, layers)


def start_settings(base: Base | None, *, grpc: bool = False) -> dict[str, Any]:
    """The ``config`` of a package's image config on ``base``, without labels.

    ``grpc``: whether its server has a port for gRPC.
    """
    return {
        "Cmd": [f"/{VENV}/bin/python", "-m", "serving"],
        "Entrypoint": None,
        "Env": environment(base),
        "ExposedPorts": {port: {} for port in exposed_ports(grpc=grpc)},
        "Healthcheck": healthcheck(),
        "User": USER,
        "WorkingDir": "/code",
    }


def exposed_ports(*, grpc: bool) -> list[str]:
    """The ports of an image; ``grpc``: whether its server has one for gRPC."""
    return [f"{port}/tcp" for port in (PORT, *((GRPC_INSIDE,) if grpc else ()))]


def image_of(
    name: str, platform: str, settings: Mapping[str, Any], layers: Sequence[Layer]
) -> Image:
    """An image of ``layers``; ``settings`` is the ``config`` object of its image config."""
    system, architecture = platform.split("/")
    config = {
        "architecture": architecture,
        "os": system,
        "created": EPOCH,
        "config": dict(settings),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": EPOCH, "created_by": f"{LABEL}: {layer.name}"} for layer in layers],
    }
    return Image(name, canonical_json(config), tuple(layers))


def environment(base: Base | None) -> list[str]:
    """``NAME=value`` entries, sorted: the base's variables, overridden by ``ENVIRONMENT``.

    PATH starts with our programs and the virtual environment.
    """
    variables = dict(entry.split("=", 1) for entry in (base.env if base else ()))
    path = variables.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    variables |= ENVIRONMENT | {"PATH": f"/{COMMANDS}:/{VENV}/bin:{path}"}
    return [f"{name}={value}" for name, value in sorted(variables.items())]


def healthcheck() -> dict[str, Any]:
    """Docker's health check: a request to the server, without a shell; times in nanoseconds."""
    second = 1_000_000_000
    return {
        "Test": ["CMD", f"/{VENV}/bin/python", "-m", "serving.health"],
        "Interval": 10 * second,
        "Timeout": 5 * second,
        "StartPeriod": 30 * second,
        "Retries": 3,
    }


def layer_names(config: Mapping[str, Any]) -> list[str]:
    """Names of the layers of one of our images, bottom up, for either builder."""
    steps = [entry for entry in config.get("history") or () if not entry.get("empty_layer")]
    names: list[str] = []
    for step in steps:
        copies = COPIES_ON_TOP if "package" in names else COPIES
        names.append(_layer_name(str(step.get("created_by", "")), copies))
    return names


def with_layers(history: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """The ``count`` steps of an engine's history that made a layer.

    The history does not mark them. Steps with bytes come first; among steps without bytes, those
    that copied or ran something are preferred over metadata.
    """
    order = sorted(
        range(len(history)),
        key=lambda i: (
            not history[i]["size"],
            METADATA.match(history[i]["created_by"]) is not None,
            i,
        ),
    )
    return [history[i] for i in sorted(order[:count])]


def _layer_name(created_by: str, copies: Mapping[str, str]) -> str:
    copied = COPIED.match(created_by)
    if copied:
        return copies.get(copied[1], created_by)
    return created_by.removeprefix(f"{LABEL}: ")
