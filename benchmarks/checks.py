"""Dirt planted in real data: what do the detectors find, and how much else do they flag?

`.venv/bin/python benchmarks/checks.py [ADULT.csv]` plants one kind of dirt at a time in copies of
the diamonds (from examples/diamonds), scikit-learn's bundled tables and, where given, the adult
census table, and prints precision and recall of each detector. What a detector already flags in
the table as it came is left out of the count: nobody knows whether it is dirt.
`--labels` compares label errors with cleanlab on the same folds; `--large` checks 10^6 rows of 30
columns, with time and peak memory.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from packager.data import frames
from packager.data.checks.check import LABELS, MODEL_FREE, WITH_MODELS, check
from packager.data.checks.expected import Declared, Expected
from packager.data.checks.folds import out_of_fold, stand_in
from packager.data.checks.labels import confident, doubt, label_error
from packager.data.checks.table import table_of

DIAMONDS = Path(__file__).parent.parent / "examples/diamonds/data/diamonds.csv"
Rows = np.ndarray


@dataclass(frozen=True)
class Planted:
    """A table with dirt: the rows (or columns) that are dirty now."""

    frame: pd.DataFrame
    rows: set[int] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    held_out: Rows | None = None
    expected: Expected = field(default_factory=Expected)


@dataclass(frozen=True)
class Clean:
    """A table as it came."""

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
        """Features of text."""
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
    """A share of the rows, 3 at least."""
    return draw.choice(len(clean.frame), max(3, int(share * len(clean.frame))), replace=False)


def in_number(share: float, change: Callable[[pd.Series, Rows, Any], Any]) -> Any:
    """Dirt in one measured column."""

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
    """Dirt in one column of text."""

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
    """A column that should not be there."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted:
        return Planted(clean.frame.assign(**{name: make(clean, draw)}), columns={name})

    return plant


def grouped(clean: Clean, draw: np.random.Generator) -> Planted:
    frame = clean.frame.assign(
        customer_id=draw.integers(0, len(clean.frame) // 4, len(clean.frame))
    )
    return Planted(frame, columns={"customer_id"}, held_out=draw.random(len(frame)) < 0.2)


def declared(kind: str) -> Any:
    """Values outside what is declared: of a range, or of a list of categories."""

    def plant(clean: Clean, draw: np.random.Generator) -> Planted | None:
        names = clean.numbers if kind == "range" else clean.texts
        if not names:
            return None
        frame, rows, name = clean.frame.copy(), some(clean, draw, 0.005), names[0]
        if kind == "range":
            low, high = float(frame[name].min()), float(frame[name].max())
            frame[name] = frame[name].astype(float)
            frame.loc[rows, name] = high + (high - low) * draw.uniform(0.01, 0.2, len(rows))
            known = Declared(minimum=low, maximum=high)
        else:
            known = Declared(values=tuple(frame[name].dropna().astype(str).unique()))
            frame[name] = frame[name].astype(object)
            frame.loc[rows, name] = "Zz"
        return Planted(frame, set(rows.tolist()), expected=Expected(declared={name: known}))

    return plant


PLANTS: dict[tuple[str, str], Callable[[Clean, np.random.Generator], Planted | None]] = {
    ("range", "beyond a declared bound"): declared("range"),
    ("unseen_category", "not declared"): declared("category"),
    ("missing", "0.3 % nulls"): in_number(0.003, lambda *_: np.nan),
    ("misspelt", "other case"): in_text(
        0.002, lambda t: t.upper() if t.upper() != t else t.lower()
    ),
    ("misspelt", "letters swapped"): in_text(0.002, lambda t: t[1:2] + t[:1] + t[2:]),
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
    ("id_like", "numbered rows"): added("number", lambda c, _: np.arange(len(c.frame)) + 1000),
    ("constant", "one value"): added("same", lambda *_: 1),
    (LABELS, "5 % other labels; 1 % of numbers off by 5 sd"): wrong_labels,
}


def flagged(name: str, clean: Clean, planted: Planted) -> tuple[set[int], set[str]]:
    """Rows and columns that the detector flags."""
    table = table_of(
        planted.frame,
        clean.target,
        task=clean.task,
        held_out=planted.held_out,
        expected=planted.expected,
    )
    if name == LABELS:
        found = out_of_fold(table, stand_in(clean.task))
        suspects = list(label_error(table, found)) if found else []
    else:
        suspects = list({**MODEL_FREE, **WITH_MODELS}[name](table))
    rows = {row for one in suspects if one.rows is not None for row in one.rows.tolist()}
    return rows, {one.column or "" for one in suspects if one.rows is None}


def measure(clean: Clean, name: str, plant: Any) -> tuple[int, int, int] | None:
    """Planted, found, and flagged beside them."""
    planted = plant(clean, np.random.default_rng(7))
    if planted is None:
        return None
    # The table as it came, with the same rows held out and the same expectations.
    rows = len(clean.frame)
    held_out = None if planted.held_out is None else planted.held_out[:rows]
    before = flagged(name, clean, replace(planted, frame=clean.frame, held_out=held_out))
    after = flagged(name, clean, planted)
    dirty, had, has = planted.rows, before[0], after[0]
    if planted.columns:
        dirty, had, has = planted.columns, before[1], after[1]
    looked = dirty
    if name == LABELS and len(planted.frame) > 20_000:  # a sample is looked at: only its rows count
        table = table_of(planted.frame, clean.target)
        looked = dirty & set(table.sample(20_000).tolist())
    return len(looked), len(looked & has), len(has - dirty - had)


def table(adult: Path | None) -> None:
    """Print precision and recall of each detector on each table."""
    print("| detector | dirt | table | planted | recall | precision |\n|---|---|---|---|---|---|")
    tables = list(clean_tables(adult))
    for (name, what), plant in PLANTS.items():
        for clean in tables:
            got = measure(clean, name, plant)
            if got is not None:
                dirty, found, beside = got
                precision = found / (found + beside) if found + beside else float("nan")
                print(
                    f"| {name} | {what} | {clean.name} | {dirty} | {found / max(1, dirty):.2f} "
                    f"| {precision:.2f} |",
                    flush=True,
                )


def labels() -> None:
    """Label errors beside cleanlab: planted at three rates, the same folds for both."""
    print("| table | planted | ours: precision, recall, F1, AP | cleanlab | cleanlab, both |")
    print("|---|---|---|---|---|")
    for name in ("digits", "breast_cancer", "wine", "iris"):
        features, truth = getattr(datasets, f"load_{name}")(return_X_y=True)
        for share in (0.05, 0.1, 0.2):
            draw = np.random.default_rng(0)
            wrong = np.zeros(len(truth), dtype=bool)
            wrong[draw.choice(len(truth), int(share * len(truth)), replace=False)] = True
            count, given = truth.max() + 1, truth.copy()
            given[wrong] = (truth[wrong] + draw.integers(1, count, wrong.sum())) % count
            answers = cross_val_predict(
                make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
                features,
                given,
                cv=StratifiedKFold(3, shuffle=True, random_state=7),
                method="predict_proba",
            )
            ours = scores(confident(given, answers), doubt(given, answers), wrong)
            quality = 1 - get_label_quality_scores(given, answers)
            theirs = [
                scores(find_label_issues(given, answers, filter_by=way, n_jobs=1), quality, wrong)
                for way in ("prune_by_noise_rate", "both")
            ]
            print(f"| {name} | {share:.0%} | {ours} | {' | '.join(theirs)} |", flush=True)


def scores(mask: Rows, ranking: Rows, wrong: Rows) -> str:
    both = int((mask & wrong).sum())
    precision, recall = both / max(1, mask.sum()), both / wrong.sum()
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return f"{precision:.2f}, {recall:.2f}, {f1:.2f}, {average_precision_score(wrong, ranking):.2f}"


def large() -> None:
    """10^6 rows of 24 numbers and 6 texts: time of each detector, and peak memory."""
    draw, rows = np.random.default_rng(7), 1_000_000
    frame = pd.DataFrame({f"n{i}": draw.gamma(2.0 + i, 30.0, rows) for i in range(24)})
    for i in range(6):
        frame[f"t{i}"] = draw.choice([f"value {k}" for k in range(5 * (i + 1))], rows)
    frame["target"] = (frame["n0"] + frame["n1"] + draw.normal(0, 20, rows) > 150).astype(int)
    print(f"the frame alone: {peak()} MB", flush=True)
    started = last = time.perf_counter()
    names = ["hashing"]

    def tell(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        print(f"  {names[-1]:<20} {now - last:6.1f} s", flush=True)
        names.append(name)
        last = now

    whole = table_of(frame, "target", task="classification", held_out=draw.random(rows) < 0.2)
    tell("cross-validation")
    report = check(whole, out_of_fold(whole, stand_in("classification")), tell=tell)
    tell("end")
    print(f"{time.perf_counter() - started:.0f} s, peak {peak()} MB, {report.counts}")


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def main(arguments: list[str]) -> None:
    frames.keep_text_plain()
    if arguments == ["--labels"]:
        labels()
    elif arguments == ["--large"]:
        large()
    else:
        table(Path(arguments[0]) if arguments else None)


if __name__ == "__main__":
    main(sys.argv[1:])
