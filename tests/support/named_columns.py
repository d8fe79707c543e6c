"""Rows for models that store the names of their columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

DRAW = np.random.default_rng(0)


ROWS = pd.DataFrame(DRAW.normal(size=(80, 4)), columns=["a", "b", "my c", "d"])


LABELS = (ROWS["b"] > 0).astype(int)


ORDER = ["my c", "b"]
