"""``package.build.json``: the record of one build, which is in no layer."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packager.build.image_annotations import ImageAnnotations
from packager.cache import atomic_file
from packager.image.config import Image
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Manifest
from packager.project.git import GitState
from packager.worker.test.weak_slice import WeakSlices


@dataclass(frozen=True)
class BuildResult:
    """Result of a build: the manifest and the exported images."""

    manifest: Manifest
    images: tuple[Image, ...]
    """The image, then its companion if it has one."""
    isolation: Mapping[str, str]
    """Isolation of the project's code; empty if none ran, because results were cached."""
    weak: WeakSlices | None
    """Slices of the held-out rows that nobody declared; None if none were searched."""
    others: Mapping[str, tuple[Image, ...]] = field(default_factory=dict)
    """The images for other platforms."""


class LayerRecord(FrozenModel):
    """One layer, built or taken from the cache."""

    name: str
    diff_id: str
    size: int
    source: str
    """``built`` or ``cached``."""


class BuildRecord(FrozenModel):
    """Host, clock, git state and timings of one build."""

    tag: str
    root: str
    config_digests: tuple[str, ...]
    """Config digests of the image and of its companion."""
    platforms: dict[str, tuple[str, ...]] = {}
    """The same of other platforms."""
    started: str
    seconds: float
    host: str
    system: str
    isolation: dict[str, str]
    """As ``BuildResult.isolation``: where code of the project ran, and its restrictions."""
    git: GitState | None
    """The source that was built; None if neither a repository nor variables of CI name it."""
    data_git: GitState | None = None
    """The commit of the repository in which DVC tracks the data; None for other data."""
    labels: dict[str, str] = {}
    """The user's own labels of the images."""
    layers: tuple[LayerRecord, ...]

    @classmethod
    def of(cls, built: BuildResult, marks: ImageAnnotations, started: float) -> BuildRecord:
        """The record of a build that began at ``started`` (seconds since 1970)."""
        manifest, images = built.manifest, built.images
        return cls(
            tag=images[0].name,
            root=manifest.root,
            config_digests=tuple(image.digest for image in images),
            platforms={
                name: tuple(image.digest for image in some) for name, some in built.others.items()
            },
            started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            seconds=round(time.time() - started, 3),
            host=platform.node(),
            system=platform.platform(),
            isolation=dict(built.isolation),
            git=marks.git,
            data_git=marks.data_git,
            labels=dict(marks.labels),
            layers=tuple(
                LayerRecord(name=x.name, diff_id=x.diff_id, size=x.size, source=x.source)
                for x in images[-1].layers
            ),
        )


def write_record(record: BuildRecord, path: Path) -> None:
    """Write ``record`` as indented JSON."""
    with atomic_file(path) as file:
        file.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
