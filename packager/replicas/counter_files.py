"""Counters that ``package score`` wrote beside its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from packager.client.exposition import sample
from packager.errors import PackageError

if TYPE_CHECKING:
    from packager.client.exposition import Sample

FILE = "_counters.json"


def counter_file(location: str) -> Path | None:
    """The file that ``location`` names: itself, or that of a scored folder; None for neither."""
    path = Path(location)
    if path.is_dir() and (path / FILE).is_file():
        return path / FILE
    return path if path.is_file() else None


def read_counters(path: Path) -> list[Sample]:
    """The series of a file; raises ``PackageError`` for another file."""
    try:
        series = json.loads(path.read_bytes())["series"]
        return [sample(str(name), _texts(labels), float(value)) for name, labels, value in series]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise PackageError(
            f"{path}: expected counters of scored rows, got other content",
            f"name the output of `package score`, or its {FILE}",
        ) from error


def _texts(labels: dict[str, str]) -> dict[str, str]:
    if not all(isinstance(label, str) for label in labels.values()):
        raise TypeError("labels are text")
    return dict(labels)
