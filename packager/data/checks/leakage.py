"""Detectors of rows, groups and times shared by training and test."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from packager.data.checks.issue import DataIssue, listed, rows_where
from packager.data.checks.split_overlap import split_overlap
from packager.data.checks.table import CheckedTable
from packager.text import format_number

_GROUP = re.compile(
    r"(^|[_\s.-])(id|ids|uuid|key|customer|patient|user|subject|person|group|client|device|"
    r"session|household|account|store|site|speaker|author)$|[a-z]Id$",
    re.IGNORECASE,
)


def leakage(table: CheckedTable) -> Iterator[DataIssue]:
    """Held-out rows with the features of a training row.

    Score 1 and blocking if they exceed chance and are enough to move a metric; 0.6 if they are too
    few to matter; 0.35 if chance explains them.
    """
    held_out = table.held_out
    if held_out is None or not held_out.any() or held_out.all():
        return
    trained = table.feature_hashes[table.trained]
    known = held_out & np.isin(table.feature_hashes, trained)
    if not known.any():
        return
    overlap = split_overlap(table, held_out, known)
    leaked = overlap.beyond_chance and overlap.is_relevant
    rows = rows_where(known)
    where = dict(zip(trained.tolist(), np.flatnonzero(table.trained).tolist(), strict=True))
    yield DataIssue(
        None,
        "held-out rows that are not in the training data",
        "drop the copies, or split by hash or by the group they belong to",
        1.0 if leaked else 0.6 if overlap.beyond_chance else 0.35,
        rows,
        [
            f"the features of training row {where[key]}"
            for key in table.feature_hashes[rows].tolist()
        ],
        blocking=leaked,
    )


def group_overlap(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.65: a column of group ids (customer_id, patient) with groups on both sides."""
    held_out = table.held_out
    if held_out is None or not held_out.any() or held_out.all():
        return
    for name in table.frame.columns:
        if name == table.target or name in table.split.by or not _GROUP.search(name):
            continue
        column = table.frame[name].dropna()
        size = len(column) / max(1, column.nunique())
        if not 1.5 <= size <= len(table) / 20:
            continue
        tested = column[held_out[column.index]]
        shared = tested.isin(column[table.trained[column.index]])
        if shared.any():
            values = list(dict.fromkeys(tested[shared].tolist()))
            yield DataIssue(
                name,
                "each group on one side of the split",
                f'split = {{ by = ["{name}"] }}',
                0.65,
                observed=f"{len(values)} groups on both sides: {listed(values)}",
            )


def time_overlap(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.6: held-out rows within the training period, although most are later."""
    held_out = table.held_out
    if held_out is None or table.split.file is None or not held_out.any() or held_out.all():
        return
    for name in table.frame.columns:
        if not pd.api.types.is_datetime64_any_dtype(table.frame[name].dtype):
            continue
        column = table.frame[name]
        last = column[~held_out].max()
        tested = column[held_out]
        within = tested <= last
        later = float((tested > column[~held_out].quantile(0.95)).mean())
        if within.any() and later > 0.5:
            rows = np.flatnonzero(held_out)[within.to_numpy()]
            yield DataIssue(
                name,
                f"a time after the last training row ({last})",
                "cut training and test at one time",
                0.6,
                rows,
                [
                    f"{t}; {format_number(100 * within.mean())} % of the held-out rows "
                    "are not later"
                    for t in tested[within]
                ],
            )
