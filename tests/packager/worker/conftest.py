"""Rows with a few wrong labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def noisy() -> pd.DataFrame:
    """Rows whose label the size decides, but for eight that say otherwise."""
    draw = np.random.default_rng(5)
    size = draw.uniform(0, 10, 300).round(4)
    frame = pd.DataFrame({"size": size, "depth": draw.normal(3, 1, 300).round(4)})
    frame["label"] = np.where(size > 5, "big", "small")
    frame.loc[:7, "size"], frame.loc[:7, "label"] = np.linspace(6, 9.5, 8), "small"
    return frame
