"""Made rows of three kinds, for ``benchmarks/weak_slices.py``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd


def mixed(rows: int, draw: np.random.Generator) -> pd.DataFrame:
    """Skewed categories, amounts that are mostly zero, dependent numbers, a third missing."""
    age = draw.gamma(6, 7, rows).round()
    income = np.exp(draw.normal(10, 0.6, rows) + age / 80).round(-2)
    shop = 1 / np.arange(1, 31)
    frame = pd.DataFrame(
        {
            "age": age,
            "income": np.where(draw.random(rows) < 0.3, np.nan, income),
            "gain": np.where(draw.random(rows) < 0.9, 0, draw.exponential(3_000, rows).round()),
            "hours": np.where(draw.random(rows) < 0.45, 40, draw.integers(5, 80, rows)),
            "shop": [f"s{at}" for at in draw.choice(30, rows, p=shop / shop.sum())],
            "plan": draw.choice(["free", "basic", "pro"], rows, p=[0.7, 0.2, 0.1]),
            "region": draw.choice(["north", "east", "south", "west", None], rows),
            "member": draw.random(rows) < 0.25,
            "when": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(draw.integers(0, 365 * 24, rows), unit="h"),
        }
    )
    frame["class"] = pd.cut(frame["age"], [-1, 25, 40, 60, 500], labels=list("abcd")).astype(str)
    return frame


def numbers(rows: int, draw: np.random.Generator) -> pd.DataFrame:
    """Twelve correlated numbers of different distributions."""
    common = draw.normal(size=(rows, 3))
    columns = common @ draw.normal(size=(3, 12)) + draw.normal(size=(rows, 12))
    columns[:, ::3] = np.exp(columns[:, ::3] / 2)
    return pd.DataFrame(columns, columns=[f"x{at}" for at in range(12)])


def few(rows: int, draw: np.random.Generator) -> pd.DataFrame:
    """Three columns of few values: many rows are equal."""
    return pd.DataFrame(
        {
            "size": draw.choice(6, rows, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04]),
            "kind": draw.choice(list("pqrst"), rows, p=[0.5, 0.2, 0.15, 0.1, 0.05]),
            "new": draw.random(rows) < 0.4,
        }
    )


KINDS: dict[str, Callable[[int, np.random.Generator], pd.DataFrame]] = {
    "mixed": mixed,
    "numbers": numbers,
    "few": few,
}
