"""Tests whether compiled forms predict the same as the models, on hard models and rows.

    python benchmarks/equality.py [--rows 30000] [--only NAME …] [--served]

Fits about seventy models on three generated tables: numbers close to float32 thresholds, integers
beyond 2²⁴ and 2⁵³, huge, tiny and denormal numbers; columns of every kind with native categories;
texts with rare and unseen values. Each model is compiled as in a build, and then predicts unseen
rows, a third of them with hard values: in batches, one by one, and with ``--served`` through a real
server. A model must be equal on every row of its domain, or stay native. Exit code 1 if one row
differs.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import numpy as np
import pandas as pd
from equality_models import MODELS, Case
from equality_served import answers_of_a_server
from equality_tables import FEATURES, TABLES
from in_process import hosted

from modelhost.fitted_parts import FittedParts
from modelhost.frames import keep_text_plain
from modelhost.model import LoadedModel
from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Column, Schema
from packager.model.compiled.form import read
from packager.model.compiled.model import CompiledModel, needs_model
from packager.model.predictions import Predictions, scalars
from packager.worker.compile.compile import compile_model
from packager.worker.compile.held_out import accepted_rows, columns_of, json_rows

Row = dict[str, Any]
TRAIN, HELD_OUT = 3_000, 2_000
SLOW_ROWS = 2_000
"""Rows predicted one by one, for forms that call the model's own estimator."""
SERVED_ROWS = 1_000


@dataclass
class PredictionDifferences:
    """Result of a comparison."""

    rows: int = 0
    flips: int = 0
    largest: float = 0.0
    first: str = ""

    def take(self, rows: Sequence[Row], got: Predictions, wanted: Predictions, case: Case) -> None:
        """Compare ``got`` with the model's predictions ``wanted``, and add up the differences."""
        self.rows += len(rows)
        for place, (one, other) in enumerate(zip(got.labels, wanted.labels, strict=True)):
            if case.task == "regression":
                difference = _relative(one, other)
            else:
                difference = 0.0
                if type(one) is not type(other) or one != other:
                    self.flips += 1
                    self.first = self.first or f"{one!r} for {other!r}: {rows[place]}"
            self.largest = max(self.largest, difference)
        if got.probabilities is not None and wanted.probabilities is not None:
            apart = np.abs(got.probabilities - wanted.probabilities).max(initial=0.0)
            self.largest = max(self.largest, math.inf if np.isnan(apart) else float(apart))


def _relative(one: Any, other: Any) -> float:
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    return abs(one - other) / max(1.0, abs(other))


@dataclass(frozen=True)
class CompiledCase:
    """A fitted model, its verdict and its compiled form."""

    case: Case
    model: LoadedModel
    schema: Schema
    verdict: Compilation
    compiled: CompiledModel | None
    folder: Path


def make(case: Case, folder: Path) -> CompiledCase:
    """Fit and compile the model of ``case``."""
    table = TABLES[case.table](TRAIN + HELD_OUT, 1)
    features = table[case.features or FEATURES[case.table]]
    target = case.classes(table["target"]) if case.task == "classification" else table["number"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        native = case.model().fit(features[:TRAIN], target[:TRAIN])
        known = tuple(scalars(native.classes_)) if case.task == "classification" else None
        chances = known is not None and hasattr(native, "predict_proba")
        model = LoadedModel(native, case.task, known, chances)
        schema = Schema(features=infer_columns(features[:TRAIN]), classes=known)
        verdict = compile_model(hosted(model), schema, features[TRAIN:], folder, "auto")
    compiled = None
    if verdict.verdict == "equal":
        compiled = CompiledModel(*read(folder), model.task, schema.classes, FittedParts(model))
    return CompiledCase(case, model, schema, verdict, compiled, folder)


def hard_rows(case: Case, schema: Schema, rows: int) -> list[Row]:
    """Newly drawn rows, a third of them with hard values."""
    random = np.random.default_rng(7)
    table = TABLES[case.table](rows, 2)
    found = json_rows(table[[column.name for column in schema.features]], schema)
    hard = {
        column.name: list(_hard(column, table[column.name], random)) for column in schema.features
    }
    for row in found:
        if random.random() < 1 / 3:
            for name, values in hard.items():
                if random.random() < 0.4:
                    row[name] = values[int(random.integers(len(values)))]
    return accepted_rows(schema, found)


def _hard(column: Column, values: pd.Series[Any], random: Any) -> Iterator[Any]:
    yield None
    match column.kind:
        case "string":
            yield from ("", " ", "never seen", "nan", "None", "a\0", "é", "e\u0301", "0", "1.0")
        case "boolean":
            yield from (True, False)
        case "datetime":
            yield from ("1970-01-01T00:00:00", "2262-04-11T00:00:00", "1700-02-28T23:59:59")
        case "integer" if column.categories is None:
            for power in (0, 15, 24, 31, 53, 62):
                yield from (s * 2**power + d for s in (-1, 1) for d in (-1, 0, 1))
        case "number" if column.categories is None:
            yield from (0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-300, 1e-40, 1e-35, 2e-35, 1e15)
            yield from (1e29, 1e30, 3.4028234663852886e38, 1e39, 1e300, -1e300, 1.7e308)
            for value in random.choice(values.dropna().to_numpy(float), 200):
                near = float(np.float32(value)) if abs(value) < 1e38 else value
                middle = (
                    near + float(np.spacing(np.float32(near))) / 2 if abs(near) < 1e38 else near
                )
                for x in (value, near, middle):
                    yield from (x, math.nextafter(x, -math.inf), math.nextafter(x, math.inf))


def compare(
    made: CompiledCase, rows: Sequence[Row]
) -> tuple[PredictionDifferences, PredictionDifferences]:
    """Compare the model with the compiled form on batches, and on single rows."""
    many, single = PredictionDifferences(), PredictionDifferences()
    compiled = made.compiled
    assert compiled is not None
    most = SLOW_ROWS if needs_model(compiled.form) else len(rows)
    checker = RowChecker(made.schema)
    for start in range(0, len(rows), 1_000):
        batch = rows[start : start + 1_000]
        columns = columns_of(made.schema, batch)
        answers, inside = compiled.predict_rows(columns)
        for part in _framed(checker, batch, np.flatnonzero(inside).tolist()):
            own = [batch[at] for at in part]
            wanted = made.model.predict(checker.check(own).frame)
            many.take(own, answers.at(part), wanted, made.case)
            if start < most:
                alone = [compiled.predict_row([column[at] for column in columns]) for at in part]
                good = [place for place, answer in enumerate(alone) if answer is not None]
                labels = [alone[place][0] for place in good]
                chances = [alone[place][1] for place in good]
                listed = np.array(chances) if chances and chances[0] is not None else None
                got = Predictions(labels, listed)
                single.take([own[place] for place in good], got, wanted.at(good), made.case)
    return many, single


def _framed(checker: RowChecker, rows: Sequence[Row], places: list[int]) -> Iterator[list[int]]:
    """Groups of rows that one request may hold: integers and nulls of a column can't be mixed."""
    if not places:
        return
    try:
        checker.check([rows[at] for at in places])
    except RowError:
        middle = len(places) // 2
        if middle:
            yield from _framed(checker, rows, places[:middle])
            yield from _framed(checker, rows, places[middle:])
        return
    yield places


def served(made: CompiledCase, rows: Sequence[Row]) -> PredictionDifferences:
    """Compare the model with a server, on single rows and on batches."""
    found, checker = PredictionDifferences(), RowChecker(made.schema)
    chosen: list[list[Row]] = [[row] for row in rows[: SERVED_ROWS // 2]]
    chosen += [list(rows[start : start + 50]) for start in range(SERVED_ROWS // 2, SERVED_ROWS, 50)]
    for some, answers in answers_of_a_server(made, chosen):
        try:
            wanted = made.model.predict(checker.check(some).frame)
        except Exception:
            # None: the model raised an error and the server reported it; nothing to compare.
            if answers is not None:
                raise
            continue
        if answers is None:
            found.flips += 1
            found.first = found.first or f"no answer to {some[0]}"
            continue
        labels = [answer["prediction"] for answer in answers]
        chances = None
        if wanted.probabilities is not None:
            chances = np.array(
                [list(answer["probabilities"].values()) for answer in answers], float
            )
        found.take(some, Predictions(labels, chances), wanted, made.case)
    return found


def report(name: str, made: CompiledCase, rows: Sequence[Row], *, serve: bool) -> bool:
    """Print a line of the table; return whether all predictions are equal."""
    if made.compiled is None:
        print(f"| {name} | native: {made.verdict.reason[:90]} | | | | |", flush=True)
        return True
    founds = [*compare(made, rows), *([served(made, rows)] if serve else [])]
    tolerance = made.verdict.tolerance
    flips, largest = sum(f.flips for f in founds), max(f.largest for f in founds)
    counts = ", ".join(f"{found.rows:,}" for found in founds)
    print(
        f"| {name} | {made.verdict.strategy} | {counts} | {flips} | {largest:.1g}"
        f" | {tolerance:g} |",
        flush=True,
    )
    for found in founds:
        if found.first:
            print(f"    {found.first[:300]}", flush=True)
    return flips == 0 and largest <= tolerance


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--only", nargs="+", choices=sorted(MODELS), metavar="NAME")
    parser.add_argument("--served", action="store_true")
    chosen = parser.parse_args()
    keep_text_plain()
    warnings.simplefilter("ignore")
    print("| model | strategy | rows: together, alone, served | labels that differ |"
          " largest difference | tolerance |\n|---|---|---|---|---|---|")  # fmt: skip
    good, began = True, time.monotonic()
    for name in chosen.only or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            made = make(MODELS[name], Path(folder) / "form")
            rows = hard_rows(MODELS[name], made.schema, chosen.rows)
            good &= report(name, made, rows, serve=chosen.served)
    print(f"{'equal' if good else 'NOT EQUAL'}, {time.monotonic() - began:.0f} s")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
