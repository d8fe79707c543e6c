"""Overlap of training and held-out rows in new data of a project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.fingerprint import row_hashes
from packager.data.split import split_parts
from packager.errors import UsageError
from packager.location import Location
from packager.project.config import FILENAME, Project, load_project
from packager.project.feature_columns import feature_columns
from packager.project.sections import DataSection
from packager.tables.stream import blocks

Hashes = npt.NDArray[np.uint64]


def leakage(directory: Path, location: Location, frames: Iterable[pd.DataFrame]) -> str | None:
    """One line with the number of held-out rows that equal a training row in all features.

    None unless ``directory`` has a project whose data is the table at ``location``. None for the
    default split, too: it keeps rows with equal features in one part, so nothing can leak.
    """
    if not (directory / FILENAME).is_file():
        return None
    project = load_project(directory)
    data = project.data
    if data is None or Location.parse(data.source, directory).uri != location.uri:
        return None
    if not (data.split.file or data.split.time or data.split.by):
        return None
    held = blocks(project.path(data.split.file), data.reader) if data.split.file else None
    train, test = _sides(project, data, frames, held)
    shared = int(np.isin(test, train).sum())
    return f"{shared} of {len(test)} held-out rows have the features of a training row"


def _sides(
    project: Project,
    data: DataSection,
    frames: Iterable[pd.DataFrame],
    held: Iterable[pd.DataFrame] | None,
) -> tuple[Hashes, Hashes]:
    """Hashes of the features of training rows and of held-out rows, one per row."""
    parts: list[pd.DataFrame] = []
    train: list[Hashes] = []
    features: list[str] = []
    for frame in frames:
        features = feature_columns(project, list(frame.columns))
        train.append(row_hashes(frame[features]))
        if held is None:
            parts.append(frame[[*data.split.by, *([data.split.time] if data.split.time else [])]])
    every = np.concatenate(train)
    if held is not None:
        return every, np.concatenate([row_hashes(_of(frame, features, data)) for frame in held])
    split = split_parts(pd.concat(parts, ignore_index=True), data.split, features)
    return every[split.train], every[split.test]


def _of(frame: pd.DataFrame, features: list[str], data: DataSection) -> pd.DataFrame:
    absent = next((name for name in features if name not in frame.columns), None)
    if absent is not None:
        raise UsageError(
            f"{FILENAME}: `data.split.file`: expected column {absent!r} in {data.split.file}, "
            "which lacks it",
            "the held-out file needs the columns of the source",
        )
    return frame[features]
