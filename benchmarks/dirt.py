"""Real tables, and functions that inject one kind of error into them, for checks.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

from packager.data import frames
from packager.data.checks.expectations import DeclaredColumn, Expectations
from packager.data.checks.run import LABEL_ERROR

DIAMONDS = Path(__file__).parent.parent / "examples/diamonds/data/diamonds.csv"
Rows = np.ndarray


@dataclass(frozen=True)
class Planted:
    """A table with injected errors, and the affected rows or columns."""

    frame: pd.DataFrame
    rows: set[int] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    held_out: Rows | None = None
    expected: Expectations = field(default_factory=Expectations)


@dataclass(frozen=True)
class Clean:
    """An original table."""

    name: str
    frame: pd.DataFrame
    target: str
    task: str

    @property
    def numbers(self) -> list[str]:
        """Measured features: numeric, with enough distinct values, all positive."""
        return [
            name
            for name in self.frame.columns
            if name != self.target
            and pd.api.types.is_numeric_dtype(self.frame[name])
            and self.frame[name].nunique() > 30
        ]

    @property
    def texts(self) -> list[str]:
        """Text features."""
        return [
            name
            for name in self.frame.columns
            if name != self.target and not pd.api.types.is_numeric_dtype(self.frame[name])
        ]


def clean_tables(adult: Path | None) -> Iterator[Clean]:
    """The real tables."""
    if DIAMONDS.is_file():
        yield Clean("diamonds", frames.read(DIAMONDS), "cut", "classification")
        yield Clean("diamonds price", frames.read(DIAMONDS), "price", "regression")
    for name, task in (
        ("breast_cancer", "classification"),
        ("digits", "classification"),
        ("wine", "classification"),
        ("diabetes", "regression"),
    ):
        loaded = getattr(datasets, f"load_{name}")(as_frame=True).frame
        yield Clean(name, loaded, "target", task)
    if adult is not None:
        frame = frames.read(adult)
        yield Clean("adult", frame, str(frame.columns[-1]), "classification")


def some(clean: Clean, draw: np.random.Generator, share: float) -> Rows:
    """A random share of the rows, at least 3."""
    return draw.choice(len(clean.frame), max(3, int(share * len(clean.frame))), replace=False)


def in_number(share: float, change: Callable[[pd.Series, Rows, Any], Any]) -> Any:
    """Errors in one measured column."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted | None:
        if not clean.numbers:
            return None
        frame, rows = clean.frame.copy(), some(clean, draw, share)
        name = clean.numbers[int(draw.integers(len(clean.numbers)))]
        column = frame[name].astype(float)
        column.iloc[rows] = change(column, rows, draw)
        frame[name] = column
        return Planted(frame, set(rows.tolist()))

    return plant


def in_text(share: float, change: Callable[[str], str]) -> Any:
    """Errors in one text column."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted | None:
        names = [n for n in clean.texts if clean.frame[n].astype(str).str.len().min() >= 1]
        names = sorted(names, key=lambda n: -clean.frame[n].astype(str).str.len().mean())[:3]
        if not names:
            return None
        frame, rows = clean.frame.copy(), some(clean, draw, share)
        column = frame[names[int(draw.integers(len(names)))]].astype(object)
        column.iloc[rows] = [change(str(value)) for value in column.iloc[rows]]
        frame[column.name] = column
        return Planted(frame, set(rows.tolist()))

    return plant


def mixed(clean: Clean, draw: np.random.Generator) -> Planted | None:
    if not clean.numbers:
        return None
    frame, rows = clean.frame.copy(), some(clean, draw, 0.005)
    column = frame[clean.numbers[0]].astype(str).astype(object)
    column.iloc[rows] = [f"{value} mm" for value in column.iloc[rows]]
    frame[column.name] = column
    return Planted(frame, set(rows.tolist()))


def copies(clean: Clean, draw: np.random.Generator) -> Planted:
    rows = some(clean, draw, 0.01)
    frame = pd.concat([clean.frame, clean.frame.iloc[rows]], ignore_index=True)
    return Planted(frame, set(range(len(clean.frame), len(frame))))


def conflicts(clean: Clean, draw: np.random.Generator) -> Planted | None:
    if clean.task == "regression":
        return None
    rows = some(clean, draw, 0.01)
    more = clean.frame.iloc[rows].copy()
    more[clean.target] = other_labels(more[clean.target], clean.frame[clean.target], draw)
    frame = pd.concat([clean.frame, more], ignore_index=True)
    return Planted(frame, {*rows.tolist(), *range(len(clean.frame), len(frame))})


def other_labels(given: pd.Series, every: pd.Series, draw: np.random.Generator) -> list[Any]:
    known = sorted(every.unique().tolist())
    return [draw.choice([x for x in known if x != label]) for label in given]


def leaked(clean: Clean, draw: np.random.Generator) -> Planted:
    held_out = draw.random(len(clean.frame)) < 0.2
    rows = draw.choice(np.flatnonzero(~held_out), max(3, len(clean.frame) // 200), replace=False)
    frame = pd.concat([clean.frame, clean.frame.iloc[rows]], ignore_index=True)
    held_out = np.append(held_out, np.ones(len(rows), dtype=bool))
    return Planted(frame, set(range(len(clean.frame), len(frame))), held_out=held_out)


def wrong_labels(clean: Clean, draw: np.random.Generator) -> Planted:
    frame, rows = clean.frame.copy(), some(clean, draw, 0.05)
    labels = frame[clean.target].copy()
    if clean.task == "regression":
        rows = some(clean, draw, 0.01)
        spread = labels.std() * draw.choice([-5.0, 5.0], len(rows))
        labels = labels.astype(float)
        labels.iloc[rows] = labels.iloc[rows] + spread
    else:
        labels.iloc[rows] = other_labels(labels.iloc[rows], labels, draw)
    frame[clean.target] = labels
    return Planted(frame, set(rows.tolist()))


def odd_rows(clean: Clean, draw: np.random.Generator) -> Planted | None:
    if len(clean.numbers) < 3:
        return None
    frame, rows = clean.frame.copy(), some(clean, draw, 0.003)
    for name in draw.choice(clean.numbers, 3, replace=False):
        column = frame[name].astype(float)
        low, middle, high = column.quantile([0.1, 0.5, 0.9])
        sign = draw.choice([-1, 1], len(rows))
        column.iloc[rows] = middle + sign * draw.uniform(8, 12, len(rows)) * (high - low) / 2.56
        frame[name] = column
    return Planted(frame, set(rows.tolist()))


def added(name: str, make: Callable[[Clean, np.random.Generator], Any]) -> Any:
    """An extra column that should not be in the table."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted:
        return Planted(clean.frame.assign(**{name: make(clean, draw)}), columns={name})

    return plant


def grouped(clean: Clean, draw: np.random.Generator) -> Planted:
    frame = clean.frame.assign(
        customer_id=draw.integers(0, len(clean.frame) // 4, len(clean.frame))
    )
    return Planted(frame, columns={"customer_id"}, held_out=draw.random(len(frame)) < 0.2)


def declared(kind: str) -> Any:
    """Values outside a declared range or list of categories."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted | None:
        names = clean.numbers if kind == "range" else clean.texts
        if not names:
            return None
        frame, rows, name = clean.frame.copy(), some(clean, draw, 0.005), names[0]
        if kind == "range":
            low, high = float(frame[name].min()), float(frame[name].max())
            frame[name] = frame[name].astype(float)
            frame.loc[rows, name] = high + (high - low) * draw.uniform(0.01, 0.2, len(rows))
            known = DeclaredColumn(minimum=low, maximum=high)
        else:
            known = DeclaredColumn(values=tuple(frame[name].dropna().astype(str).unique()))
            frame[name] = frame[name].astype(object)
            frame.loc[rows, name] = "Zz"
        return Planted(frame, set(rows.tolist()), expected=Expectations(declared={name: known}))

    return plant


def drifted(
    share: float, change: Callable[[pd.Series, Any], pd.Series], texts: bool = False
) -> Any:
    """A version with the second half of the rows, one column shifted, after one with the first."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted | None:
        names = clean.texts if texts else clean.numbers
        if not names:
            return None
        rows = clean.frame.iloc[draw.permutation(len(clean.frame))].reset_index(drop=True)
        half = len(rows) // 2
        before, frame = rows.iloc[:half], rows.iloc[half:].reset_index(drop=True)
        name = names[int(draw.integers(len(names)))]
        places = draw.choice(len(frame), int(share * len(frame)), replace=False)
        column = frame[name].astype(object if texts else float)
        column.iloc[places] = change(column, draw).iloc[places]
        frame[name] = column
        return Planted(frame, columns={name}, expected=Expectations().compared_with(before))

    return plant


def resliced(clean: Clean, draw: np.random.Generator) -> Planted | None:
    """A version without most rows of one slice."""
    if clean.task == "regression":
        return None
    rows = clean.frame.iloc[draw.permutation(len(clean.frame))].reset_index(drop=True)
    half = len(rows) // 2
    expected = Expectations().compared_with(rows.iloc[:half], [clean.target])
    frame = rows.iloc[half:]
    rare = frame[clean.target] == frame[clean.target].value_counts().index[0]
    frame = frame[~rare | (draw.random(len(frame)) < 0.4)].reset_index(drop=True)
    return Planted(frame, columns={""}, expected=expected)


PLANTS: dict[tuple[str, str], Callable[[Clean, np.random.Generator], Planted | None]] = {
    ("range", "beyond a declared bound"): declared("range"),
    ("unseen_category", "not declared"): declared("category"),
    ("missing", "0.3 % nulls"): in_number(0.003, lambda *_: np.nan),
    ("typo", "other case"): in_text(0.002, lambda t: t.upper() if t.upper() != t else t.lower()),
    ("typo", "letters swapped"): in_text(0.002, lambda t: t[1:2] + t[:1] + t[2:]),
    ("mixed_types", "'3.2 mm' among numbers"): mixed,
    ("placeholder", "-999"): in_number(0.005, lambda *_: -999.0),
    ("placeholder", "'?' among text"): in_text(0.01, lambda _: "?"),
    ("impossible_zero", "0 in a measure"): in_number(0.005, lambda *_: 0.0),
    ("isolated_extreme", "100 times too large"): in_number(0.001, lambda c, r, _: c.iloc[r] * 100),
    ("isolated_extreme", "10 times too large"): in_number(0.001, lambda c, r, _: c.iloc[r] * 10),
    ("outlier", "3 cells 8 to 12 deviations out"): odd_rows,
    ("duplicate", "1 % copied"): copies,
    ("conflicting_label", "1 % copied, other label"): conflicts,
    ("leakage", "training rows held out too"): leaked,
    ("group_overlap", "customers on both sides"): grouped,
    ("target_leakage", "the target, renamed"): added(
        "copy",
        lambda c, _: (
            pd.factorize(c.frame[c.target])[0]
            if c.task == "classification"
            else c.frame[c.target] * 2.0 + 1
        ),
    ),
    ("drift", "a number 0.6 sd higher, in all rows"): drifted(1.0, lambda c, _: c + 0.6 * c.std()),
    ("drift", "a fifth of the rows with one word"): drifted(
        0.2, lambda c, draw: pd.Series([draw.choice(c.unique())] * len(c), index=c.index), True
    ),
    ("slice_drift", "60 % of the largest slice missing"): resliced,
    ("id_like", "numbered rows"): added("number", lambda c, _: np.arange(len(c.frame)) + 1000),
    ("constant", "one value"): added("same", lambda *_: 1),
    (LABEL_ERROR, "5 % other labels; 1 % of numbers off by 5 sd"): wrong_labels,
}
