"""Measures precision and recall of the detectors on errors injected into real data.

`.venv/bin/python benchmarks/checks.py [ADULT.csv]` injects one kind of error at a time into copies
of the diamonds (from examples/diamonds), scikit-learn's bundled tables and, if given, the adult
census table, and prints precision and recall of each detector. Findings in the original table are
not counted, because it is unknown whether they are errors.
`--labels` compares label errors with cleanlab on the same folds of real and synthetic tables;
`--large` checks 10^6 rows of 30 columns, with time and peak memory; `--chance [ADULT.csv]` counts
the findings of `drift` on random halves.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from dirt import PLANTS, Clean, Planted, Rows, clean_tables
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelhost.frames import keep_text_plain
from packager.data.checks.cross_validation import out_of_fold
from packager.data.checks.default_model import default_model
from packager.data.checks.drift import drift
from packager.data.checks.expectations import Expectations
from packager.data.checks.issue import NotApplicableError
from packager.data.checks.labels import confident, label_error, self_confidence
from packager.data.checks.run import LABEL_ERROR, WITH_MODELS, WITHOUT_MODELS, check
from packager.data.checks.table import table_of


def flagged(name: str, clean: Clean, planted: Planted) -> tuple[set[int], set[str]]:
    """Rows and columns that the detector flags."""
    table = table_of(
        planted.frame,
        clean.target,
        task=clean.task,
        held_out=planted.held_out,
        expected=planted.expected,
    )
    if name == LABEL_ERROR:
        try:
            issues = list(label_error(table, out_of_fold(table, default_model(clean.task))))
        except NotApplicableError:
            issues = []
    else:
        issues = list({**WITHOUT_MODELS, **WITH_MODELS}[name](table))
    rows = {row for one in issues if one.rows is not None for row in one.rows.tolist()}
    return rows, {one.column or "" for one in issues if one.rows is None}


def measure(clean: Clean, name: str, plant: Any) -> tuple[int, int, int] | None:
    """(injected, found, falsely flagged) rows or columns; None if injection was not possible."""
    planted = plant(clean, np.random.default_rng(7))
    if planted is None:
        return None
    # The original table, with the same rows held out and the same expectations.
    rows = len(clean.frame)
    held_out = None if planted.held_out is None else planted.held_out[:rows]
    before = flagged(name, clean, replace(planted, frame=clean.frame, held_out=held_out))
    after = flagged(name, clean, planted)
    dirty, had, has = planted.rows, before[0], after[0]
    if planted.columns:
        dirty, had, has = planted.columns, before[1], after[1]
    looked = dirty
    if (
        name == LABEL_ERROR and len(planted.frame) > 20_000
    ):  # the detector checks a sample: only its rows count
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
    """Compare label errors with cleanlab: injected at three rates, the same folds for both."""
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
            ours = scores(confident(given, answers), self_confidence(given, answers), wrong)
            quality = 1 - get_label_quality_scores(given, answers)
            theirs = [
                scores(find_label_issues(given, answers, filter_by=way, n_jobs=1), quality, wrong)
                for way in ("prune_by_noise_rate", "both")
            ]
            print(f"| {name} | {share:.0%} | {ours} | {' | '.join(theirs)} |", flush=True)


def made_up(tables: int = 60) -> None:
    """Compare F1 with cleanlab's on synthetic tables: varied classes, sizes, shares, models."""
    differences = []
    for seed in range(tables):
        draw = np.random.default_rng(seed)
        count, rows = int(draw.integers(2, 9)), int(draw.integers(300, 3000))
        features, truth = datasets.make_classification(
            rows, 20, n_informative=10, n_classes=count, random_state=seed,
            weights=draw.dirichlet(np.full(count, draw.choice([1.0, 5.0, 50.0]))),
            class_sep=draw.choice([0.8, 1.5, 3]),
        )  # fmt: skip
        share = draw.choice([0.02, 0.05, 0.1, 0.2, 0.3])
        wrong, given = np.zeros(rows, dtype=bool), truth.copy()
        wrong[draw.choice(rows, int(share * rows), replace=False)] = True
        given[wrong] = (truth[wrong] + draw.integers(1, count, wrong.sum())) % count
        models = (LogisticRegression(max_iter=300), RandomForestClassifier(60, random_state=0))
        folds = StratifiedKFold(3, shuffle=True, random_state=7)
        answers = cross_val_predict(
            models[seed % 2], features, given, cv=folds, method="predict_proba"
        )
        masks = [confident(given, answers)] + [
            find_label_issues(given, answers, filter_by=way, n_jobs=1)
            for way in ("prune_by_noise_rate", "both")
        ]
        f1 = [2 * (mask & wrong).sum() / (mask.sum() + wrong.sum()) for mask in masks]
        differences.append([f1[0] - f1[1], f1[0] - f1[2]])
    for name, more in zip(("its default", "both"), np.transpose(differences), strict=True):
        print(
            f"{tables} made-up tables, F1 beside cleanlab's with {name}: mean {more.mean():+.4f}, "
            f"better by 0.005 or more {(more > 0.005).sum()}, worse {(more < -0.005).sum()}, "
            f"least {more.min():+.3f}"
        )


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
    report = check(whole, out_of_fold(whole, default_model("classification")), tell=tell)
    tell("end")
    print(f"{time.perf_counter() - started:.0f} s, peak {peak()} MB, {report.counts}")


def chance(adult: Path | None) -> None:
    """Count false positives of `drift` on random halves of each table, 50 times."""
    for clean in clean_tables(adult):
        looked = said = 0
        for seed in range(50):
            places = np.random.default_rng(seed).permutation(len(clean.frame))
            half = len(places) // 2
            expected = Expectations().compared_with(clean.frame.iloc[places[:half]])
            # The second case is an append: it includes the first half.
            for rows in (places[half:], places):
                frame = clean.frame.iloc[rows].reset_index(drop=True)
                found = list(drift(table_of(frame, clean.target, expected=expected)))
                said += len(found)
                looked += len(frame.columns)
        print(f"{clean.name}: {said} of {looked} columns", flush=True)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def main(arguments: list[str]) -> None:
    keep_text_plain()
    if arguments == ["--labels"]:
        labels()
        made_up()
    elif arguments == ["--large"]:
        large()
    elif arguments[:1] == ["--chance"]:
        chance(Path(arguments[1]) if arguments[1:] else None)
    else:
        table(Path(arguments[0]) if arguments else None)


if __name__ == "__main__":
    main(sys.argv[1:])
