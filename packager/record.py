"""``package.build.json``: the facts of one build, kept out of every layer."""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from packager.cache import new_file
from packager.image.assemble import Image
from packager.manifest import Manifest
from packager.noun import Noun


class GitState(Noun):
    """The commit a project was built from."""

    commit: str
    dirty: bool


class LayerRecord(Noun):
    """One layer as this build came by it."""

    name: str
    diff_id: str
    size: int
    how: str


class BuildRecord(Noun):
    """Host, clock, git state and timings of one build."""

    tag: str
    root: str
    config_digests: tuple[str, ...]
    """Of the image, then its companion."""
    started: str
    seconds: float
    host: str
    system: str
    git: GitState | None
    layers: tuple[LayerRecord, ...]

    @classmethod
    def of(
        cls, manifest: Manifest, images: Sequence[Image], directory: Path, started: float
    ) -> BuildRecord:
        """The record of a build that began at ``started`` (seconds since 1970)."""
        return cls(
            tag=images[0].name,
            root=manifest.root,
            config_digests=tuple(image.digest for image in images),
            started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            seconds=round(time.time() - started, 3),
            host=platform.node(),
            system=platform.platform(),
            git=_git(directory),
            layers=tuple(
                LayerRecord(name=x.name, diff_id=x.diff_id, size=x.size, how=x.how)
                for x in images[-1].layers
            ),
        )


def write_record(record: BuildRecord, path: Path) -> None:
    """Write ``record`` for people to read."""
    with new_file(path) as file:
        file.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _git(directory: Path) -> GitState | None:
    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(directory), *arguments],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return None  # no git on this machine
        return done.stdout.strip() if done.returncode == 0 else None

    commit, status = ask("rev-parse", "HEAD"), ask("status", "--porcelain")
    return GitState(commit=commit, dirty=bool(status)) if commit else None
