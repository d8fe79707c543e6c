"""Detectors ``duplicate`` and ``conflicting_label``: repeated rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from packager.data.checks.issue import DataIssue, rows_where
from packager.data.checks.table import CheckedTable


def duplicate(table: CheckedTable) -> Iterator[DataIssue]:
    """Every further copy of a row in its own file, all columns equal.

    Score 0.86 if rows usually differ (at least 90 % have unique features); otherwise equal rows
    are expected, and it is 0.3. ``leakage`` reports copies across files.
    """
    for start, stop in ((0, table.source_rows), (table.source_rows, len(table))):
        hashes = pd.Series(table.hashes[start:stop])
        again = rows_where(hashes.duplicated().to_numpy())
        if len(again):
            index = pd.Series(np.arange(len(hashes)))
            first = index.groupby(hashes.to_numpy()).transform("min").to_numpy()[again]
            score = 0.86 if table.fine_grained else 0.3
            texts = [f"a copy of row {row}" for row in first]
            fix = "keep one copy (dedupe)"
            yield DataIssue(None, "every row once", fix, score, again + start, texts)


def conflicting_label(table: CheckedTable) -> Iterator[DataIssue]:
    """Rows with equal features and different targets.

    Score 0.79 to 0.89 if rows usually differ, otherwise 0.3 to 0.4; it grows with the share of the
    rows with these features that have another label.
    """
    if table.target is None or table.task == "regression":
        return
    labels, _ = pd.factorize(table.frame[table.target].astype(object))
    twins = np.flatnonzero((table.copies > 1) & (labels >= 0))
    if not len(twins):
        return
    groups = pd.DataFrame({"row": twins, "key": table.feature_hashes[twins], "y": labels[twins]})
    distinct = groups.groupby("key")["y"].transform("nunique").to_numpy()
    groups = groups[distinct > 1]
    if not len(groups):
        return
    same = groups.groupby(["key", "y"])["row"].transform("size").to_numpy()
    size = groups.groupby("key")["row"].transform("size").to_numpy()
    rarity = 1 - same / size
    score = (0.79 if table.fine_grained else 0.3) + 0.1 * rarity
    texts = table.frame[table.target].astype(object).to_numpy()[groups["row"]]
    yield DataIssue(
        table.target,
        "one label for equal features",
        "find out which is right: fix or drop the others",
        score,
        groups["row"].to_numpy(),
        [
            f"{y}; {n - k} of {n} rows with these features have another label"
            for y, k, n in zip(texts, same, size, strict=True)
        ],
    )
