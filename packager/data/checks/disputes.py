"""Detector ``disputed_label``: rows on which annotators disagree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.issue import DataIssue
from packager.data.checks.table import CheckedTable


def disputed_label(table: CheckedTable) -> Iterator[DataIssue]:
    """Rows whose stored labels, by several annotators, differ; score 0.5 to 0.85.

    It grows with the share of annotators against the most frequent label, and is 0.85 for a tie; of
    numbers it grows with their spread. One issue for each labelling scheme.
    """
    labels = table.expected.labels
    if labels is None:
        return
    for scheme in dict.fromkeys(row.scheme for row in labels.disputed):
        disputed = [row for row in labels.disputed if row.scheme == scheme]
        yield DataIssue(
            labels.target,
            f"one label of scheme {scheme} by all annotators",
            "label the row again (package data labels add --replace), fix or drop it",
            np.array([row.score for row in disputed]),
            np.array([row.row for row in disputed], dtype=np.intp),
            [row.votes for row in disputed],
        )
