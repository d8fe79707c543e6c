"""Downloads exactly the wheels of a lock, from any index: the sha256 decides."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from packager.environment import resolver, wheels
from packager.environment.formats.selection import DependencySelection
from packager.environment.index import user_index_options
from packager.environment.lock import FILENAME
from packager.environment.platform import WheelTarget
from packager.environment.shipped import PATH
from packager.manifest.manifest import Wheel
from packager.progress import Progress

ANY_INDEX = "unsafe-best-match"


def fetch_locked(
    locked: Sequence[Wheel],
    requirements: Path,
    selection: DependencySelection,
    progress: Progress,
    called: str = FILENAME,
) -> None:
    """Download those of ``locked`` that the wheelhouse lacks, from the indexes of ``requirements``.

    ``called``: the lock's name in errors. Raises ``PackageError``.
    """
    absent = wheels.missing(locked)
    if absent:
        index = user_index_options().of_project(requirements, ANY_INDEX, selection)
        found = resolver.locate(absent, selection.target, index, called)
        wheels.fetch(found, index, progress)


def fetch_shipped(locked: Sequence[Wheel], target: WheelTarget, progress: Progress) -> None:
    """``fetch_locked`` of the shipped lock where there is no project."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.touch()
        fetch_locked(locked, requirements, DependencySelection(target), progress, PATH.name)
