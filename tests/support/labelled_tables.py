"""Tables with labels of several annotators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pandas as pd

from packager.location import Location
from packager.manifest.base import FileEntry
from packager.manifest.label_schemes import LabelScheme
from packager.tables.commits import Authorship
from packager.tables.labels.commit import AddedLabels, add_labels, declare_scheme
from packager.tables.labels.imported import ImportedLabel, ImportedLabels

BY = Authorship("m", "me")
QUALITY = LabelScheme(name="quality", classes=("bad", "good"))
WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
Vote = tuple[object, str, str]
"""Key (a tuple for several columns), annotator, label."""
VOTES: list[Vote] = [
    (0, "ann", "good"),
    (0, "bob", "good"),
    (1, "ann", "good"),
    (1, "bob", "bad"),
    (2, "ann", "bad"),
]


def rows(count: int = 5) -> pd.DataFrame:
    return pd.DataFrame({"id": range(count), "x": [i / 7 for i in range(count)]})


def given_labels(
    votes: Iterable[Vote], key: Sequence[str] = ("id",), source: str = "1", **more: object
) -> ImportedLabels:
    labels = tuple(
        ImportedLabel(
            f"line {line}",
            tuple(map(str, row)) if isinstance(row, tuple) else (str(row),),
            annotator,
            label,
            **more,  # type: ignore[arg-type]
        )
        for line, (row, annotator, label) in enumerate(votes, 2)
    )
    entry = FileEntry(path="labels.csv", sha256=source * 64, size=1)
    return ImportedLabels(entry, tuple(key), labels, {})


def declared(
    location: Location, scheme: LabelScheme = QUALITY, key: Sequence[str] | None = ("id",)
) -> Location:
    declare_scheme(location, scheme, key, BY)
    return location


def labelled(
    location: Location, votes: Iterable[Vote] = VOTES, scheme: str = "quality", **more: object
) -> AddedLabels:
    return add_labels(location, scheme, given_labels(votes, **more), BY)  # type: ignore[arg-type]


def label_frame(votes: Iterable[Vote]) -> pd.DataFrame:
    """Labels by key, annotator and label alone."""
    return pd.DataFrame(
        [(str(key), *rest) for key, *rest in votes], columns=["key", "annotator", "label"]
    )
