"""Measures false positives and power of `package diff --data`.

`python benchmarks/comparison.py --data diamonds.csv [--trials 10000] [--models 100] [--case NAME]`

A recipe is trained with many seeds on real rows, and every model is scored on a large pool of other
real rows. A trial draws two models, five more for the seed variance of each package, and rows for
the variance and the evaluation; `packager.run.evaluate.compare_scores` gives the verdict. A gain
is added to the second model's predictions, so that its size is known exactly.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monitoring.slices.slices import ALL
from monitoring.stats.paired import SIGNIFICANCE_LEVEL, SeedRuns
from packager.run.evaluate import compare_scores

SEEDS = 5
ROWS = (200, 1000, 10_000)
GAINS = {"classification": (0.005, 0.01, 0.02, 0.05), "regression": (0.01, 0.02, 0.05, 0.1)}
"""Gain in accuracy, or relative reduction of the mean absolute error."""


@dataclass(frozen=True)
class Case:
    """``scores``: models by pool rows, as ``packager.run.evaluate`` scores them."""

    name: str
    task: str
    scores: np.ndarray
    groups: np.ndarray
    """The slice of each pool row."""


@dataclass(frozen=True)
class Table:
    """Rows with target and slice of each, and which rows train and which are the pool."""

    values: np.ndarray
    target: np.ndarray
    groups: np.ndarray
    train: np.ndarray
    pool: np.ndarray


def digits(models: int) -> Case:
    values, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(values))
    train, pool = order[:600], order[600:]
    make: Callable[[int], Any] = lambda seed: make_pipeline(  # noqa: E731
        StandardScaler(), MLPClassifier((16,), max_iter=20, random_state=seed)
    )
    table = Table(values, labels, labels % 5, train, pool)
    return _case("digits, network", "classification", make, table, models)


def diamonds(data: Path, models: int, only: str) -> Iterator[Case]:
    frame = pd.read_csv(data)
    order = np.random.default_rng(0).permutation(len(frame))
    places = (order[:3000], order[3000:])
    coded = frame.assign(**{
        name: frame[name].astype("category").cat.codes for name in ("color", "clarity", "cut")
    })  # fmt: skip
    groups = frame["color"].to_numpy()
    cut, price = coded["cut"].to_numpy(), np.log(coded["price"].to_numpy())
    by_cut = coded.drop(columns="cut").to_numpy(float)
    by_price = coded.drop(columns="price").to_numpy(float)
    forest = partial(RandomForestClassifier, 20, min_samples_leaf=3, n_jobs=1)
    trees = partial(RandomForestRegressor, 20, min_samples_leaf=3, n_jobs=1)
    network = partial(MLPRegressor, hidden_layer_sizes=(16,), max_iter=40)
    kinds: list[tuple[str, str, Callable[[int], Any], np.ndarray, np.ndarray]] = [
        ("cut, forest", "classification", lambda s: forest(random_state=s), by_cut, cut),
        ("cut, SGD", "classification",
         lambda s: make_pipeline(StandardScaler(), SGDClassifier(random_state=s)), by_cut, cut),
        ("price, forest", "regression", lambda s: trees(random_state=s), by_price, price),
        ("price, network", "regression",
         lambda s: make_pipeline(StandardScaler(), network(random_state=s)),
         by_price, price),
    ]  # fmt: skip
    for name, task, make, values, target in kinds:
        if only in name:
            table = Table(values, target, groups, *places)
            yield _case(name, task, make, table, models)


def _case(name: str, task: str, make: Callable[[int], Any], table: Table, models: int) -> Case:
    """Train ``models`` models that differ by their seed, and score each on the pool."""
    values, target, train, pool = table.values, table.target, table.train, table.pool
    found = []
    for seed in range(models):
        answers = make(seed).fit(values[train], target[train]).predict(values[pool])
        right = answers == target[pool]
        found.append(right if task == "classification" else -np.abs(answers - target[pool]))
    return Case(name, task, np.array(found, dtype=np.float64), table.groups[pool])


@dataclass(frozen=True)
class Trial:
    """The counted results of one comparison."""

    p: float
    p_sample: float
    true_slices: int
    false_slices: int


def trial(case: Case, rows: int, gain: float, only: Any, seed: int) -> Trial:
    """One comparison on ``rows`` rows, with a gain in the slice ``only`` (None: in all rows)."""
    draw = np.random.default_rng([seed, rows])
    models = draw.choice(len(case.scores), 2 + 2 * SEEDS, replace=False)
    pool = case.scores.shape[1]
    asked, held = draw.integers(0, pool, rows), draw.integers(0, pool, rows)
    groups = case.groups[asked]
    one, other = case.scores[models[0], asked], case.scores[models[1], asked].copy()
    there = np.ones(rows, bool) if only is None else groups == only
    if case.task == "regression":
        other[there] *= 1 - gain
    else:
        wrong = there & (other == 0)
        share = gain / (1 - case.scores[models[1]].mean())
        other[wrong] = draw.random(int(wrong.sum())) < share
    masks = {name: groups == name for name in np.unique(groups)} if only is not None else {}
    spread = {ALL: _seeds(case, models, held, None)}
    spread |= {name: _seeds(case, models, held, name) for name in masks}
    manifest: Any = SimpleNamespace(task=case.task)
    found = compare_scores(one, other, masks, manifest, spread)
    called = {name for name, q in found.q.items() if q < SIGNIFICANCE_LEVEL}
    true = {only} if gain else set()
    return Trial(found.overall.p, found.overall.p_sample, len(called & true), len(called - true))


def _seeds(
    case: Case, models: np.ndarray, held: np.ndarray, group: Any
) -> tuple[SeedRuns, SeedRuns]:
    """The seed runs of the two packages, measured on the held-out rows ``held``."""
    rows = held if group is None else held[case.groups[held] == group]
    means = [case.scores[model, rows].mean() if len(rows) else 0.0 for model in models[2:]]
    parts = np.array(means).reshape(2, SEEDS).var(axis=1, ddof=1)
    return SeedRuns(float(parts[0]), SEEDS - 1), SeedRuns(float(parts[1]), SEEDS - 1)


def _trials(case: Case, rows: int, gain: float, only: Any, seeds: range) -> list[Trial]:
    return [trial(case, rows, gain, only, seed) for seed in seeds]


def run(case: Case, rows: int, gain: float, only: Any, times: int) -> list[Trial]:
    """Run ``times`` trials in parallel."""
    with ProcessPoolExecutor(2) as workers:
        halves = [range(times // 2), range(times // 2, times)]
        found = [workers.submit(_trials, case, rows, gain, only, half) for half in halves]
        return [one for half in found for one in half.result()]


def report(case: Case, times: int) -> None:
    """Print one line for each number of rows, then one for slices."""
    means = case.scores.mean(axis=1)
    print(f"\n{case.name}: mean score {means.mean():.4f}, sd over seeds {means.std(ddof=1):.4f}")
    gains = GAINS[case.task]
    print(
        "| rows | no gain | by sampling variance alone | "
        + " | ".join(f"{g:g}" for g in gains)
        + " |"
    )
    print("|---" * (3 + len(gains)) + "|")
    for rows in ROWS:
        calm = run(case, rows, 0.0, None, times)
        cells = [
            _share(one.p < SIGNIFICANCE_LEVEL for one in calm),
            _share(one.p_sample < SIGNIFICANCE_LEVEL for one in calm),
        ]
        for gain in gains:
            better = run(case, rows, gain, None, times // 10)
            cells.append(_share(one.p < SIGNIFICANCE_LEVEL for one in better))
        print(f"| {rows} | " + " | ".join(cells) + " |", flush=True)
    for gain in (0.0, gains[-1]):
        only = np.unique(case.groups)[0]
        found = run(case, ROWS[-1], gain, only, times // 10)
        false = [one.false_slices / max(1, one.false_slices + one.true_slices) for one in found]
        seen = _share(one.true_slices > 0 for one in found)
        print(f"slices, {ROWS[-1]} rows, gain {gain:g} in one: share of false calls "
              f"{np.mean(false):.2%}, the one seen {seen}", flush=True)  # fmt: skip


def _share(found: Any) -> str:
    return f"{np.mean(list(found)):.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="diamonds.csv")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--case", default="", help="only cases with this in their name")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    started = time.monotonic()
    if given.case in "digits, network":
        report(digits(given.models), given.trials)
    for case in diamonds(given.data, given.models, given.case):
        report(case, given.trials)
    print(
        f"\n{given.trials} trials a cell (a tenth with a gain), {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
