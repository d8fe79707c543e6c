"""Copies the image of a package into an engine: only what it lacks, and over no other image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.annotations import kept_annotations
from packager.image.config import Image, with_layers
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.image.stored_images import verify
from packager.progress import Progress
from packager.registry.transfers import at_once

CONFIG_KEYS = ("Cmd", "Entrypoint", "Env", "Labels", "User", "WorkingDir")
"""Settings of an image's containers; the config and the engine use the same keys."""


def copy_into(engine: Engine, image: Image, progress: Progress) -> None:
    """Load ``image`` under its name; layers that the engine holds are neither fetched nor read.

    Raises ``PackageError`` if the engine has another image under this name, or if a layer is not
    what its diff_id says.
    """
    _refuse_other(engine, image)
    if (engine.describe(image.digest) or {}).get("Id") != image.digest:
        held = engine.existing_layers([layer.diff_id for layer in image.layers])
        image = replace(image, layers=present(image.layers, held))
    load_into(engine, image, progress)


def present(layers: Sequence[Layer], skipped: int) -> tuple[Layer, ...]:
    """``layers``, all but the lowest ``skipped`` ones on disk and verified."""
    above = layers[skipped:]
    order = sorted(range(len(above)), key=lambda n: -above[n].size)
    on_disk = dict(at_once(lambda n, _: (n, above[n].fetched()), order))
    present = [on_disk[n] for n in range(len(above))]
    verify(present)
    return (*layers[:skipped], *present)


def holds(engine: Engine, text: str) -> bool:
    """Whether ``engine`` has an image called ``text``, which may be no name of an image."""
    try:
        return engine.describe(text) is not None
    except UsageError:
        return False


def _refuse_other(engine: Engine, image: Image) -> None:
    """Raise ``PackageError`` if the engine has another image under this image's name."""
    described = engine.describe(image.name)
    if described is None or described["Id"].removeprefix("sha256:") == image.digest[7:]:
        return
    config = json.loads(image.config)
    ours = [
        config["rootfs"]["diff_ids"],
        *(config["config"].get(key) or None for key in CONFIG_KEYS),
    ]
    known = described.get("Config") or {}
    theirs = [described["RootFS"].get("Layers"), *(known.get(key) or None for key in CONFIG_KEYS)]
    if ours != theirs:
        raise PackageError(
            f"{image.name}: the engine has another image of that name",
            f"to use this one, remove the other with `docker image rm {image.name}`",
        )


def engine_config(engine: Engine, text: str) -> dict[str, Any]:
    """The engine's description of an image, in the format of an image config."""
    described = engine.describe(text)
    if described is None:
        raise PackageError(
            f"{text}: the engine has no such image", "see `docker images` for what it has"
        )
    diff_ids = described["RootFS"].get("Layers") or []
    return {
        "digest": described["Id"],
        "annotations": kept_annotations(described["Id"]),
        "architecture": described.get("Architecture"),
        "os": described.get("Os"),
        "config": described.get("Config") or {},
        "rootfs": {"diff_ids": diff_ids},
        "history": with_layers(engine.history(text), len(diff_ids)),
    }
