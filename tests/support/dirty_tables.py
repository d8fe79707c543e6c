"""A clean table, and what detectors say of dirtied copies of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks.suspects import Issue
from packager.data.checks.table import Table, table_of

ROWS = 400


def clean() -> pd.DataFrame:
    """Stones with a size, a weight, a colour and a label; no two alike."""
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


def said(
    detector: Callable[[Table], Iterator[Issue]], frame: pd.DataFrame, **more: Any
) -> list[Issue]:
    """What a detector says of ``frame``, whose target is ``label``."""
    return list(detector(table_of(frame, "label", **more)))


def rows_of(suspects: list[Issue]) -> list[int]:
    """Every row that is flagged, ascending."""
    return sorted(int(row) for one in suspects if one.rows is not None for row in one.rows)
