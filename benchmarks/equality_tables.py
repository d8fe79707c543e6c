"""Tables that are hard for compiled forms: extreme numbers, columns of every kind, long tails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

NEAR = (np.float32(1.0) + np.arange(60, dtype=np.float32) * np.float32(2**-23)).astype(float)


def near(rows: int, seed: int) -> pd.DataFrame:
    """Numbers close to float32 thresholds; integers near 2²⁴ and 2⁵³; extremes and nulls."""
    random = np.random.default_rng(seed)
    off = random.choice([0, 2**-25, -(2**-25), 2**-24, 2**-52], rows)
    frame = pd.DataFrame(
        {
            "near": random.choice(NEAR, rows) + off,
            "big": 2**24 + random.integers(-9, 9, rows),
            "huge": 2**53 + random.integers(-40, 4, rows),
            "far": random.normal(size=rows) * 10.0 ** random.integers(0, 33, rows),
            "tiny": random.normal(size=rows)
            * 10.0 ** -random.integers(30, 310, rows).astype(float),
            "zero": random.choice([0.0, -0.0, 5e-324, 1e-35, -1e-35, 2e-35, 1e-20], rows),
            "gaps": np.where(random.random(rows) < 0.3, np.nan, random.normal(size=rows)),
        }
    )
    score = 2.0 * (frame["near"] > NEAR[30]) + (frame["big"] > 2**24) - (frame["huge"] > 2**53 - 18)
    score += (frame["far"] > 0) + 1.0 * (frame["tiny"] > 0) + frame["gaps"].fillna(1)
    return _with_targets(frame, score, random)


def kinds(rows: int, seed: int) -> pd.DataFrame:
    """A column of every kind."""
    random = np.random.default_rng(seed)
    places = ["north", "south", "east", "west", "centre", "sea", "none"]
    frame = pd.DataFrame(
        {
            "place": pd.Categorical(random.choice(places, rows), categories=places),
            "size": pd.Categorical(random.choice(list("SML"), rows), list("SML"), ordered=True),
            "code": pd.Categorical(random.integers(1, 40, rows), categories=range(1, 40)),
            "flag": random.random(rows) < 0.4,
            "count": random.poisson(3, rows),
            "load": np.where(random.random(rows) < 0.1, np.nan, random.lognormal(0, 3, rows)),
            "text": random.choice(list("abcdefgh"), rows),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 999, rows), "D"),
            "maybe": pd.array(random.integers(0, 9, rows), "Int64"),
        }
    )
    frame.loc[random.random(rows) < 0.1, "maybe"] = pd.NA
    frame.loc[random.random(rows) < 0.1, "place"] = None
    score = (frame["place"].cat.codes % 3) + (frame["code"].cat.codes % 5) / 2 + frame["flag"]
    score += np.log(frame["load"].fillna(1)) / 3 + 0.1 * frame["count"]
    return _with_targets(frame, score.astype(float), random)


def texts(rows: int, seed: int) -> pd.DataFrame:
    """Texts with a long-tailed distribution, and numbers of several scales."""
    random = np.random.default_rng(seed)
    words = np.array([*"abcdef", "", " ", "é", "nan", *(f"w{i}" for i in range(300))], object)
    ranks = np.minimum(random.zipf(1.5, rows) - 1, len(words) - 1)
    frame = pd.DataFrame(
        {
            "word": words[ranks],
            "shade": random.choice(np.array(["x", "y", "z", None], object), rows),
            "year": random.integers(1990, 2025, rows),
            "price": random.lognormal(5, 3, rows),
            "part": random.normal(size=rows),
            "gaps": np.where(random.random(rows) < 0.2, np.nan, random.normal(50, 20, rows)),
        }
    )
    score = np.log(frame["price"]) / 2 + (ranks % 4) + frame["part"] + (frame["shade"] == "x")
    return _with_targets(frame, score, random)


def _with_targets(frame: pd.DataFrame, score: Any, random: Any) -> pd.DataFrame:
    noisy = score + random.normal(0, 0.5, len(frame))
    cuts = np.quantile(noisy, [0.3, 0.6, 0.85])
    return frame.assign(target=np.digitize(noisy, cuts), number=np.abs(noisy) + 0.01)


TABLES: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "near": near,
    "kinds": kinds,
    "texts": texts,
}
FEATURES: dict[str, Sequence[str]] = {
    "near": ["near", "big", "huge", "far", "tiny", "zero", "gaps"],
    "kinds": ["place", "size", "code", "flag", "count", "load"],
    "texts": ["word", "shade", "year", "price", "part", "gaps"],
}

CLASSES: dict[str, Callable[[Any], Any]] = {
    "bool": lambda target: target > 1,
    "two": lambda target: target.map(lambda place: "nö" if place > 1 else "yes"),
    "int": lambda target: target,
    "float": lambda target: target * 2.0,
    "str": lambda target: target.map(lambda place: "dcba"[place]),
    "binary": lambda target: (target > 1).astype(int),
}
