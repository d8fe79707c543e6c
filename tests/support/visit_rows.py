"""The rows of the starter project, as a client sends them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd


def rows_of(project: Path, count: int) -> list[dict[str, Any]]:
    """The first rows as a client sends them."""
    frame = pd.read_csv(project / "data" / "visits.csv").head(count).drop(columns="returned")
    return [
        {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}
        for row in frame.to_dict("records")
    ]
