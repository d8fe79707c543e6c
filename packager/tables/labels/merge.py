"""Merge new labels into the stored ones of a scheme; contradictions are refused by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.tables.labels.store import SCHEMA
from packager.text import listed

MAX_SHOWN = 5


@dataclass(frozen=True)
class NewLabel:
    """A label that was matched with a row and checked against its scheme."""

    location: str
    """The location for messages."""
    key: str
    annotator: str
    label: str
    selection_probability: float | None
    labelled_at: datetime | None

    def contradicts(self, other: NewLabel) -> bool:
        """Whether both label the same row of the same annotator differently."""
        odds = (self.selection_probability, other.selection_probability)
        return self.label != other.label or (None not in odds and odds[0] != odds[1])


@dataclass(frozen=True)
class MergeResult:
    """All labels of a table after the merge, and how many came how."""

    frame: pd.DataFrame
    added: int
    replaced: int
    repeated: int
    """Labels that were stored already, or that the file repeats."""


def merge(
    stored: pd.DataFrame, new: Sequence[NewLabel], scheme: str, source: FileEntry, *, replace: bool
) -> MergeResult:
    """``stored`` (columns of ``SCHEMA``) with the ``new`` labels of one scheme.

    ``source``: the file of the new labels. Raises ``UsageError`` if the file contradicts
    itself, or a stored label unless ``replace``.
    """
    file = source.path
    new_labels: dict[tuple[str, str], NewLabel] = {}
    clashes = []
    for label in new:
        known = new_labels.setdefault((label.key, label.annotator), label)
        if label.contradicts(known):
            clashes.append(_clash(label, known, f"{known.location} says"))
    refuse(clashes, f"{file}: expected one label by an annotator for a row", "keep one of them")
    others = stored[stored["scheme"] != scheme]
    old = stored[stored["scheme"] == scheme].astype(object)
    before = {(row.key, row.annotator): row for row in _labels_of(old)}
    for pair, label in new_labels.items():
        if pair in before and label.contradicts(before[pair]) and not replace:
            clashes.append(_clash(label, before[pair], "stored is"))
    refuse(
        clashes,
        f"{file}: expected labels that agree with the stored ones of the same annotator",
        "correct the file, or replace the stored labels with --replace: older versions keep them",
    )
    fresh = {pair: one for pair, one in new_labels.items() if _differs(one, before.get(pair))}
    replaced = sum(pair in before for pair in fresh)
    retained = [
        (key, annotator) not in fresh
        for key, annotator in zip(old["key"], old["annotator"], strict=True)
    ]
    rows = [_cells(one, before.get(pair), scheme, source.sha256) for pair, one in fresh.items()]
    parts = [others, old[retained], pd.DataFrame(rows, columns=SCHEMA.names, dtype=object)]
    joined = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    return MergeResult(joined, len(fresh) - replaced, replaced, len(new) - len(fresh))


def refuse(problems: Sequence[str], expected: str, hint: str) -> None:
    """Raise ``UsageError`` with the first problems, and their number, if there are any."""
    if problems:
        shown = listed(problems, MAX_SHOWN, "; ")
        raise UsageError(f"{expected}: {shown}; nothing was added", hint)


def _labels_of(stored: pd.DataFrame) -> list[NewLabel]:
    return [
        NewLabel(
            "stored",
            row["key"],
            row["annotator"],
            row["label"],
            _present(row["selection_probability"]),
            _present(row["labelled_at"]),
        )
        for row in stored.to_dict("records")
    ]


def _present(value: Any) -> Any:
    return None if pd.isna(value) else value


def _differs(label: NewLabel, before: NewLabel | None) -> bool:
    """Whether the label, or a selection probability, is new; a later time alone is not."""
    if before is None or label.label != before.label:
        return True
    return label.selection_probability not in (None, before.selection_probability)


def _cells(
    label: NewLabel, before: NewLabel | None, scheme: str, source: str
) -> tuple[object, ...]:
    odds = label.selection_probability
    if odds is None and before is not None:
        odds = before.selection_probability
    return label.key, scheme, label.annotator, label.label, odds, None, label.labelled_at, source


def _clash(label: NewLabel, known: NewLabel, says: str) -> str:
    one, other = label.label, known.label
    if one == other:
        one, other = (
            f"{shown.label} with selection_probability {shown.selection_probability}"
            for shown in (label, known)
        )
    return f"{label.location}: {one!r} by {label.annotator!r} for row {label.key}, {says} {other!r}"
