"""A clean table, and the issues that detectors find in dirty copies of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks.issue import DataIssue
from packager.data.checks.table import CheckedTable, table_of

ROWS = 400
HALF = np.arange(ROWS) >= ROWS // 2
"""Mask of the held-out rows in a table of ``ROWS``."""


def clean() -> pd.DataFrame:
    """Stones with a size, a weight, a colour and a label; no two rows are equal."""
    draw = np.random.default_rng(3)
    size = draw.normal(5, 0.6, ROWS).round(3)
    return pd.DataFrame(
        {
            "size": size,
            "weight": (size**2 + draw.normal(0, 0.5, ROWS)).round(3),
            "colour": draw.choice(["white", "yellow", "brown"], ROWS),
            "label": np.where(size + draw.normal(0, 0.3, ROWS) > 5, "big", "small"),
        }
    )


def stones(rows: int, seed: int, first: int | None = None) -> pd.DataFrame:
    """Stones with consecutive names, days and numbers; different ones for each ``seed``."""
    draw = np.random.default_rng(seed)
    places = np.arange(rows) + (seed * rows if first is None else first)
    return pd.DataFrame(
        {
            "size": draw.normal(5, 0.6, rows),
            "colour": draw.choice(["white", "yellow", "brown"], rows),
            "name": [f"stone {i}" for i in places],
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(places, "D"),
            "number": places,
            "label": draw.choice(["big", "small"], rows),
        }
    )


def issues_of(
    detector: Callable[[CheckedTable], Iterator[DataIssue]], frame: pd.DataFrame, **more: Any
) -> list[DataIssue]:
    """The issues that a detector finds in ``frame``, whose target is ``label``."""
    return list(detector(table_of(frame, "label", **more)))


def rows_of(issues: list[DataIssue]) -> list[int]:
    """All flagged rows, in ascending order."""
    return sorted(int(row) for one in issues if one.rows is not None for row in one.rows)


def dirty() -> pd.DataFrame:
    frame = pd.concat([clean(), clean().iloc[[5]]], ignore_index=True)
    frame.loc[3, "size"] = 0.0
    frame.loc[8, "size"] = 58.9
    return frame
