"""Measures the search for weak slices: recall, false slices, chance findings, time, memory.

`.venv/bin/python benchmarks/weak_slices.py [--worlds 20] [--null 100] [--csv FILE] [--kind KIND]
[--against amounts]`. The true probability of a wrong answer is known for every row of a world: a
slice is false if its true excess is at most half a point. Slices of one, two and three columns are
planted, by ranges of numbers that are not those of the bins, and by categories. *oracle*: the share
of planted slices that one test on half of all rows shows if it is given them; *rows*: the mean
share of a planted slice's rows in those shown. Exits 1 if of any kind fewer than 80 % of planted
slices are found, over 10 % of those shown are false, or over 5 % of worlds without show one.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import pandas as pd
from slice_worlds import KINDS

from monitoring.stats.slice_features import SliceFeature
from monitoring.stats.slice_tests import Losses, SliceTest
from monitoring.stats.weak_slices import SearchOptions, find_weak_slices
from packager.manifest.manifest import Column
from packager.worker.test.weak import WeakOptions, weak_slices

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ROWS = 10_000
BASE = 0.12
PLANTED = {1: (0.05, 0.20), 2: (0.04, 0.22), 3: (0.03, 0.25)}
"""Columns of a slice: its share of rows (0.7 to 1.6 times), and the added probability of error."""
PLANTED_AMOUNTS = {1: (0.05, 0.1), 2: (0.04, 0.14), 3: (0.03, 0.2)}
"""The same of absolute errors, with the added share of the mean error times ``BASE``."""
AGAINST = ("confidence", "rest", "groups", "amounts")
SAME = 0.5
"""Overlap, of the rows in either, from which a planted slice counts as found."""
FALSE_EXCESS = 0.005


@dataclass
class Tally:
    """The results of the worlds of one kind."""

    found: dict[int, list[bool]] = field(default_factory=dict)
    shown: int = 0
    false: int = 0
    any: int = 0
    worlds: int = 0
    covered: list[bool] = field(default_factory=list)
    oracle: list[bool] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def recall(self) -> float:
        """The share of planted slices that are found."""
        every = [one for some in self.found.values() for one in some]
        return float(np.mean(every)) if every else float("nan")

    def row(self, name: str) -> str:
        """A line of the table."""
        by_order = [f"{np.mean(some):.2f}" for _, some in sorted(self.found.items())]
        covered = f"{np.mean(self.covered):.2f}" if self.covered else "-"
        cells = [
            name,
            " ".join(by_order) or "-",
            f"{np.mean(self.oracle):.2f}" if self.oracle else "-",
            f"{np.mean(self.rows):.2f}" if self.rows else "-",
            f"{self.shown / self.worlds:.2f}",
            f"{self.false / max(1, self.shown):.3f}",
            f"{self.any} of {self.worlds}",
            covered,
            f"{self.seconds / self.worlds:.2f}",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| worlds | recall: 1, 2, 3 columns | oracle | rows | shown | false | any shown "
    "| interval covers | CPU s |\n|---|---|---|---|---|---|---|---|---|"
)


def condition(frame: pd.DataFrame, name: str, share: float, draw: np.random.Generator) -> Mask:
    """Rows of one column that hold about ``share`` of all: a range, a value, or null."""
    series = frame[name]
    if pd.api.types.is_bool_dtype(series) or not (
        pd.api.types.is_numeric_dtype(series) or "datetime" in str(series.dtype)
    ):
        value = series.iloc[int(draw.integers(len(series)))]
        return np.asarray(series.isna() if pd.isna(value) else series == value, np.bool_)
    if series.isna().any() and draw.random() < 0.3:
        return np.asarray(series.isna(), np.bool_)
    low = draw.random() * (1 - share)
    ranks = series.rank(pct=True)
    return np.asarray((ranks > low) & (ranks <= low + share), np.bool_)


def plant(frame: pd.DataFrame, order: int, share: float, draw: np.random.Generator) -> Mask:
    """The rows of a slice of ``order`` columns."""
    for _ in range(2_000):
        names = draw.choice(list(frame.columns), order, replace=False)
        own = share ** (1 / order)
        found = np.logical_and.reduce([condition(frame, name, own, draw) for name in names])
        if 0.7 * share <= found.mean() <= 1.6 * share:
            return found
    raise ValueError(f"expected rows for a slice of {order} columns, got none")


def columns_of(frame: pd.DataFrame) -> list[Column]:
    """The columns, as a package knows them."""
    return [
        Column(name=str(name), kind=_kind(frame[name]), dtype=str(frame[name].dtype), nullable=True)
        for name in frame
    ]


def _kind(series: pd.Series[object]) -> str:
    if pd.api.types.is_bool_dtype(series):
        return "boolean"
    if "datetime" in str(series.dtype):
        return "datetime"
    return "number" if pd.api.types.is_numeric_dtype(series) else "string"


@dataclass(frozen=True)
class World:
    """Rows with the true mean loss of each."""

    frame: pd.DataFrame
    truth: Floats
    expected: Floats
    planted: dict[int, Mask]
    groups: npt.NDArray[np.int64] | None = None


def world(
    make: Callable[[int, np.random.Generator], pd.DataFrame],
    rows: int,
    seed: int,
    planted: dict[int, tuple[float, float]],
) -> World:
    """Rows whose difficulty differs, and planted slices that the model doesn't know of."""
    draw = np.random.default_rng(seed)
    frame = make(rows, draw)
    expected = np.clip(draw.beta(1.5, 1.5 / BASE - 1.5, rows), 0.01, 0.6)
    truth, masks = expected.copy(), {}
    for order, (share, add) in planted.items():
        if order <= frame.shape[1]:
            masks[order] = plant(frame, order, share, draw)
            truth = np.where(masks[order], np.maximum(truth, expected + add), truth)
    return World(frame, truth, expected, masks)


def judge(one: World, loss: Floats, tally: Tally, options: WeakOptions) -> None:
    """Search one world and add what it shows to ``tally``."""
    started = time.process_time()
    own = one.expected if options.against == "confidence" else None
    result = weak_slices(
        one.frame, Losses(loss, own, one.groups), columns_of(one.frame), None, options
    )
    tally.seconds += time.process_time() - started
    masks = [_rows(found.condition, one.frame) for found in result.slices]
    scale = 1.0 if set(np.unique(loss)) <= {0.0, 1.0} else float(one.truth.mean()) / BASE
    for found, mask in zip(result.slices, masks, strict=True):
        beside = one.expected[mask].mean() if own is not None else one.truth.mean()
        true = float(one.truth[mask].mean() - beside)
        tally.false += true <= FALSE_EXCESS * scale
        if own is not None:
            tally.covered.append(found.interval[0] <= true <= found.interval[1])
    tally.shown += len(masks)
    tally.any += bool(masks)
    tally.worlds += 1
    half = np.random.default_rng(0).random(len(loss)) < 0.5
    test = SliceTest(Losses(loss, own, one.groups).part(np.flatnonzero(half)))
    together = np.logical_or.reduce([np.zeros(len(loss), np.bool_), *masks])
    for order, rows in one.planted.items():
        same = [(rows & mask).sum() / (rows | mask).sum() > SAME for mask in masks]
        tally.found.setdefault(order, []).append(any(same))
        tally.rows.append(float(together[rows].mean()))
        alone = test.excess(rows[half], ~rows[half])
        tally.oracle.append(alone.p <= options.level / 2 and alone.excess >= options.effect)


def _rows(rule: str, frame: pd.DataFrame) -> Mask:
    from monitoring.slices.slices import SliceSet

    return SliceSet({}, {"own": rule}).masks(frame)["own"]


def wrong(one: World, seed: int) -> Floats:
    """0/1 losses."""
    return (np.random.default_rng(seed).random(len(one.truth)) < one.truth).astype(float)


def amounts(one: World, seed: int) -> Floats:
    """Real losses with a heavy tail, as absolute errors of a regression."""
    draw = np.random.default_rng(seed)
    return one.truth / BASE * np.exp(draw.normal(0, 0.7, len(one.truth)) - 0.245)


def grouped(one: World, seed: int) -> tuple[World, Floats]:
    """Rows in fives, whose answers are wrong together."""
    draw = np.random.default_rng(seed)
    groups = np.arange(len(one.truth)) // 5
    same = draw.random(len(one.truth)) < 0.5
    draws = np.where(same, draw.random(groups.max() + 1)[groups], draw.random(len(one.truth)))
    loss = (draws < one.truth).astype(float)
    return World(one.frame, one.truth, one.expected, one.planted, groups), loss


def run(
    kind: str, rows: int, worlds: int, planted: dict[int, tuple[float, float]], against: str
) -> Tally:
    """Worlds of one kind; ``against``: confidence, rest, amounts or groups."""
    tally = Tally()
    usual = {"groups": "confidence", "amounts": "rest"}
    options = WeakOptions(against=usual.get(against, against))  # type: ignore[arg-type]
    for seed in range(worlds):
        one = world(KINDS[kind], rows, 1_000 + seed, planted)
        if against == "groups":
            one, loss = grouped(one, seed)
        else:
            loss = amounts(one, seed) if against == "amounts" else wrong(one, seed)
        judge(one, loss, tally, options)
    return tally


def cost() -> tuple[float, float, float]:
    """CPU seconds and peak MB added by 50,000 rows, 15 features and slices of three; slices."""
    draw = np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    features = [
        SliceFeature.of_codes(f"x{at}", draw.choice(11, 50_000, p=draw.dirichlet(np.full(11, 3))))
        for at in range(15)
    ]
    loss = (draw.random(50_000) < BASE).astype(float)
    started = time.process_time()
    result = find_weak_slices(features, Losses(loss, np.full(50_000, BASE)), SearchOptions())
    seconds = time.process_time() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds, after - before, result.tried


def main() -> int:
    """Print the tables; return 1 if a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--null", type=int, default=100)
    parser.add_argument("--csv", help="a table of your own, too")
    parser.add_argument("--kind", action="append", help="of rows (default: every kind)")
    parser.add_argument("--against", action="append", choices=AGAINST, help="(default: all)")
    asked = parser.parse_args()
    if asked.csv:
        KINDS["csv"] = _table(asked.csv)
    kinds, compared = asked.kind or list(KINDS), asked.against or AGAINST
    seconds, added, tried = cost()
    print(f"50,000 rows x 15 features, {tried:,} slices: {seconds:.2f} s of CPU, {added:.0f} MB\n")
    missed = seconds > 3 or added > 500
    print(f"Planted, {ROWS:,} rows\n\n{HEAD}")
    for kind in kinds:
        for against in compared:
            planted = PLANTED_AMOUNTS if against == "amounts" else PLANTED
            tally = run(kind, ROWS, asked.worlds, planted, against)
            print(tally.row(f"{kind}, {against}"), flush=True)
            missed |= tally.recall < 0.8 or tally.false > 0.1 * tally.shown
    print(f"\nNothing planted\n\n{HEAD}")
    for kind in kinds:
        for against in compared:
            tally = run(kind, ROWS if kind == "mixed" else 4_000, asked.null, {}, against)
            missed |= tally.any > 0.05 * tally.worlds
            print(tally.row(f"{kind}, {against}"), flush=True)
    print(f"\nPower: one slice of two columns, 4 % of the rows, + 20 points\n\n{HEAD}")
    for rows in (2_000, 5_000, 10_000):
        tally = run("mixed", rows, 2 * asked.worlds, {2: (0.04, 0.20)}, "confidence")
        print(tally.row(f"{rows:,} rows"), flush=True)
    return int(missed)


def _table(path: str) -> Callable[[int, np.random.Generator], pd.DataFrame]:
    whole = pd.read_csv(path)

    def made(rows: int, draw: np.random.Generator) -> pd.DataFrame:
        return whole.iloc[draw.choice(len(whole), rows, replace=False)].reset_index(drop=True)

    return made


if __name__ == "__main__":
    sys.exit(main())
