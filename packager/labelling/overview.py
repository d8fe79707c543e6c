"""The labels of a version of a table: schemes, counts, coverage, and the labels as rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from packager.cache import atomic_file
from packager.data.csv_writer import ENDS, LineFeeds
from packager.data.spreadsheet import escaped
from packager.errors import UsageError
from packager.labelling.csv_labels import PROBABILITY
from packager.location import Location
from packager.manifest.base import FrozenModel
from packager.manifest.label_schemes import LabelScheme
from packager.tables.delta import VersionedTable
from packager.tables.labels.commit import scheme_named
from packager.tables.labels.export import LabelledRows, labelled_rows
from packager.tables.labels.records import ROW_HASH
from packager.tables.labels.store import Labels, read_labels


class SchemeOverview(FrozenModel):
    """A scheme, and how far a version is labelled with it."""

    scheme: LabelScheme
    key: tuple[str, ...]
    """The columns that identify rows; empty: the row hash."""
    labels: int
    annotators: dict[str, int]
    """Annotator → number of labels."""
    counts: dict[str, int]
    """Resolved label → rows, the most frequent first; empty for numbers."""
    rows: int
    labelled: int
    """Rows with a resolved label."""
    unresolved: int
    """Rows whose annotators disagree so that there is no label."""
    disputed: int
    """Rows on which annotators disagree, with or without a label."""
    elsewhere: int
    """Labelled keys that no row of this version has."""


def overviews(location: Location) -> tuple[int, tuple[SchemeOverview, ...]]:
    """The version, and every scheme that it has, by name."""
    at, labels = _held(location)
    assert at.version is not None
    if labels is None:
        return at.version, ()
    scheme_overviews = [
        _overview(labels, labelled_rows(at, scheme.name)) for scheme in labels.schemes
    ]
    return at.version, tuple(scheme_overviews)


def labels_of(location: Location, scheme: str | None) -> tuple[LabelScheme, Labels]:
    """A scheme (the only one for None) of a version, and its labels, by key and annotator."""
    at, labels = _held(location)
    labelling_scheme = scheme_named(labels, scheme, at)
    assert labels is not None
    return labelling_scheme, replace(labels, frame=labels.of(labelling_scheme.name))


def resolved_labels(location: Location, scheme: str | None) -> tuple[LabelScheme, Labels]:
    """A scheme, and labels with one row for each labelled row of the version.

    Columns: row (its position), key, label (None if unresolved), annotators (their number),
    disputed, and selection_probability (None if its labels have none, or several).
    """
    at, labels = _held(location)
    rows = labelled_rows(at, scheme)
    assert labels is not None
    probabilities = only_probability(labels.of(rows.scheme.name))
    records = [
        (
            index,
            one.key,
            one.label,
            one.annotators,
            one.dispute is not None,
            probabilities.get(one.key),
        )
        for index, one in enumerate(rows.resolved)
        if one is not None
    ]
    names = ["row", "key", "label", "annotators", "disputed", PROBABILITY]
    return rows.scheme, replace(labels, frame=pd.DataFrame(records, columns=names))


def plain_rows(labels: Labels, most: int) -> list[dict[str, Any]]:
    """The first labels as JSON values, with a column for each key column."""
    shown = _without_absent(labels.frame, ["probability", "source"]).head(most)
    frame = _with_key_columns(shown, labels.key)
    return [
        {str(name): _plain(cell) for name, cell in row.items()} for row in frame.to_dict("records")
    ]


def write_csv(labels: Labels, file: Path, target: str | None = None) -> None:
    """Write labels to a CSV file, with a column for each key column, as ``labels add`` reads it.

    ``target``: the name of the column of labels in a file for ``package test --labels``: rows
    without a label are left out then, and ``UsageError`` is raised if only some rows have a
    selection probability. Text that a spreadsheet would run as a formula is escaped.
    """
    frame = _with_key_columns(labels.frame, labels.key)
    if target is not None:
        frame = frame[frame["label"].notna()].rename(columns={"label": target})
        _check_probabilities(frame)
    frame = _without_absent(frame, [PROBABILITY, "probability", "source"])
    texts = frame.select_dtypes(include=["object", "str"]).columns
    frame[texts] = frame[texts].map(lambda cell: escaped(cell) if isinstance(cell, str) else cell)
    with atomic_file(file) as new, new.open("w", encoding="utf-8", newline="") as lines:
        fed: Any = LineFeeds(lines)  # pandas only writes to it
        frame.to_csv(fed, index=False, lineterminator=ENDS)


def _without_absent(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Without those of some columns that have no value."""
    return frame.drop(columns=[c for c in columns if c in frame and not frame[c].notna().any()])


def only_probability(labels: pd.DataFrame) -> pd.Series[float]:
    """The only selection probability of each key; NaN for none, or several."""
    by_key = labels.groupby("key")[PROBABILITY]
    first: pd.Series[float] = by_key.first()
    return first.where(by_key.nunique() == 1)


def _check_probabilities(rows: pd.DataFrame) -> None:
    absent = rows[PROBABILITY].isna()
    if absent.any() and not absent.all():
        first = str(rows[absent].iloc[0, 0])
        raise UsageError(
            f"--target: expected one {PROBABILITY} for every labelled row, or none, got none or "
            f"several for {int(absent.sum()):,} of {len(rows):,} rows, the first: {first}",
            "write the file without --target, and leave out these rows or the column",
        )


def _with_key_columns(labels: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    names = list(key) or [ROW_HASH]
    texts = [json.loads(text) for text in labels["key"]] if len(names) > 1 else [*labels["key"]]
    keys = pd.DataFrame(texts, columns=names, dtype=object)
    return pd.concat([keys, labels.drop(columns="key").reset_index(drop=True)], axis=1)


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, datetime) else value


def _held(location: Location) -> tuple[Location, Labels | None]:
    """The location with its exact version, and its labels."""
    store = VersionedTable.open(location)
    version = store.version(location.version)
    return Location(location.uri, version.number), read_labels(location, version)


def _overview(labels: Labels, rows: LabelledRows) -> SchemeOverview:
    own = labels.of(rows.scheme.name)
    row_labels = [one for one in rows.resolved if one is not None]
    resolved = Counter(one.label for one in row_labels if one.label is not None)
    people = Counter(own["annotator"])
    return SchemeOverview(
        scheme=rows.scheme,
        key=labels.key,
        labels=len(own),
        annotators=dict(sorted(people.items())),
        counts=dict(resolved.most_common()) if rows.scheme.kind == "label" else {},
        rows=len(rows.resolved),
        labelled=resolved.total(),
        unresolved=len(row_labels) - resolved.total(),
        disputed=sum(one.dispute is not None for one in row_labels),
        elsewhere=rows.elsewhere,
    )
