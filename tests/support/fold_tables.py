"""Tables for checks that train models: groups, times, sentences, and a label set by a number."""

from __future__ import annotations

import numpy as np
import pandas as pd

WORDS = ("the", "parcel", "came", "late", "was", "torn", "but", "another", "one", "thanks")


def sentences(rows: int) -> list[str]:
    """Sentences of nine words, all different."""
    draw = np.random.default_rng(3)
    return [" ".join(draw.choice(WORDS, 8)) + f" {n}" for n in range(rows)]


def labelled_rows(rows: int = 200) -> pd.DataFrame:
    """``y`` depends on ``x``; 20 groups ``g``; two rows for each ``day``; in random order."""
    draw = np.random.default_rng(3)
    found = pd.DataFrame({"x": draw.normal(size=rows), "g": np.arange(rows) % 20})
    found["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) // 2, "D")
    return found.assign(y=np.where(found["x"] > 0, "a", "b")).sample(frac=1, random_state=1)
