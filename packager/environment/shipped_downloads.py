"""Downloads wheels of the shipped lock where there is no project."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from packager.environment import resolver, wheels
from packager.environment.index import user_index_options
from packager.environment.platform import WheelTarget
from packager.environment.shipped import PATH
from packager.manifest.manifest import Wheel
from packager.progress import Progress


def fetch_shipped(locked: Sequence[Wheel], target: WheelTarget, progress: Progress) -> None:
    """Download those of ``locked`` that the wheelhouse lacks, from any index of the user's.

    The sha256 decides. Raises ``PackageError``.
    """
    absent = wheels.missing(locked)
    if not absent:
        return
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.touch()
        index = user_index_options().of_project(requirements, "unsafe-best-match", None)
        resolved = resolver.locate(absent, target, index, PATH.name)
        wheels.fetch(resolved, index, progress)
