"""Shows which of twenty common pipelines are compiled, how, how equal and how much faster.

    python benchmarks/compiled.py [--data FILE.csv --target COLUMN] [--rows N] [--only NAME …]

Without ``--data`` on 4,000 synthetic rows (three numbers with nulls, two categories, a flag); with
it on any classification table. Times are CPU microseconds per call, the minimum of several runs,
with one thread; ``native`` is the server without a compiled form: the model on a DataFrame.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

import numpy as np
import pandas as pd
from in_process import hosted

from modelhost.fitted_parts import FittedParts
from modelhost.frames import keep_text_plain
from modelhost.model import LoadedModel
from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker
from packager.manifest.manifest import Schema
from packager.model.compiled.form import read
from packager.model.compiled.model import CompiledModel
from packager.model.predictions import scalars
from packager.worker.compile.compile import compile_model
from packager.worker.compile.held_out import accepted_rows, columns_of, json_rows

Heads = dict[str, tuple[Callable[[], Any], Any]]
"""Name of a pipeline → what makes its transformers, and its estimator."""


def made_here(rows: int) -> tuple[pd.DataFrame, pd.Series]:
    """A synthetic table of mixed types, and its labels."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": random.normal(50, 10, rows),
            "load": np.where(random.random(rows) < 0.1, np.nan, random.lognormal(0, 2, rows)),
            "count": random.integers(0, 90, rows),
            "new": random.random(rows) < 0.3,
            "kind": random.choice(list("abcdefghijkl"), rows),
            "shade": random.choice(np.array(["x", "y", "z", None], object), rows),
        }
    )
    score = (frame["size"] - 50) / 10 + (frame["kind"] > "f") + (frame["shade"] == "x")
    score += 0.02 * frame["count"] + random.normal(0, 0.7, rows) - 1.6
    return frame, pd.Series(np.where(score > 0, "yes", "no"))


@dataclass(frozen=True)
class Transformers:
    """Turns the columns of a table into a matrix; each transformer is a function of options."""

    numbers: list[str]
    texts: list[str]

    def hot(self, *more: Any, **options: Any) -> Any:
        """Scaled numbers, after ``more``, and one column for each category."""
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        scaled = make_pipeline(SimpleImputer(strategy="median"), *more, StandardScaler())
        encoder = OneHotEncoder(handle_unknown="ignore", **options)
        return ColumnTransformer([("n", scaled, self.numbers), ("c", encoder, self.texts)])

    def ordinal(self) -> Any:
        """Numbers as they are, and one number for each category."""
        from sklearn.compose import ColumnTransformer
        from sklearn.preprocessing import OrdinalEncoder

        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        return ColumnTransformer([("c", encoder, self.texts)], remainder="passthrough")

    def binned(self) -> Any:
        """Numbers in five bins, and the mean of the target for each category."""
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import KBinsDiscretizer, TargetEncoder

        bins = make_pipeline(SimpleImputer(), KBinsDiscretizer(5))
        encoder = TargetEncoder()
        return ColumnTransformer([("n", bins, self.numbers), ("c", encoder, self.texts)])


def pipelines(frame: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Twenty typical pipelines, by name."""
    from sklearn.pipeline import make_pipeline

    numbers = [name for name in frame if frame[name].dtype.kind in "if"]
    texts = [name for name in frame if name not in numbers]
    of = Transformers(numbers, texts)
    heads = {**linear_heads(of), **tree_heads(of), **other_heads(of)}
    return {name: lambda a=a, b=b: make_pipeline(a(), b) for name, (a, b) in heads.items()}


def linear_heads(of: Transformers) -> Heads:
    """Linear models."""
    from sklearn import linear_model, svm
    from sklearn.decomposition import PCA
    from sklearn.feature_selection import SelectKBest
    from sklearn.pipeline import make_pipeline

    logistic = linear_model.LogisticRegression(max_iter=500)
    return {
        "logistic regression": (of.hot, logistic),
        "logistic, rare categories": (lambda: of.hot(min_frequency=0.05), logistic),
        "logistic, bins and targets": (of.binned, logistic),
        "logistic, PCA, selection": (
            lambda: make_pipeline(of.hot(sparse_output=False), PCA(8), SelectKBest(k=5)),
            logistic,
        ),
        "SGD": (of.hot, linear_model.SGDClassifier(loss="log_loss", random_state=0)),
        "linear SVC": (of.hot, svm.LinearSVC()),
        "ridge classifier": (of.hot, linear_model.RidgeClassifier()),
    }


def tree_heads(of: Transformers) -> Heads:
    """Trees and ensembles of them."""
    from lightgbm import LGBMClassifier
    from sklearn import ensemble, tree
    from xgboost import XGBClassifier

    return {
        "decision tree": (of.hot, tree.DecisionTreeClassifier(max_depth=8, random_state=0)),
        "random forest": (of.hot, ensemble.RandomForestClassifier(50, random_state=0)),
        "extra trees": (of.ordinal, ensemble.ExtraTreesClassifier(50, random_state=0)),
        "gradient boosting": (of.hot, ensemble.GradientBoostingClassifier(random_state=0)),
        "hist gradient boosting": (of.ordinal, ensemble.HistGradientBoostingClassifier()),
        "LightGBM": (of.ordinal, LGBMClassifier(n_jobs=1, verbose=-1)),
        "XGBoost": (of.ordinal, XGBClassifier(n_jobs=1)),
    }


def other_heads(of: Transformers) -> Heads:
    """Models of other kinds, most of which are not compiled."""
    from sklearn import linear_model, naive_bayes, neighbors, neural_network, svm
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.preprocessing import FunctionTransformer

    logistic = linear_model.LogisticRegression(max_iter=500)
    network = neural_network.MLPClassifier((20,), max_iter=30, random_state=0)
    return {
        "neighbours": (of.hot, neighbors.KNeighborsClassifier()),
        "SVC": (of.hot, svm.SVC()),
        "neural network": (of.hot, network),
        "naive Bayes": (lambda: of.hot(sparse_output=False), naive_bayes.GaussianNB()),
        "calibrated linear SVC": (of.hot, CalibratedClassifierCV(svm.LinearSVC(), ensemble=False)),
        "a function of one's own": (lambda: of.hot(FunctionTransformer(np.nan_to_num)), logistic),
    }


def cpu(call: Callable[[], object]) -> float:
    """CPU microseconds per call: the minimum of five runs of about 50 ms."""
    call()
    started = time.perf_counter()
    call()
    times = max(1, int(0.05 / max(1e-7, time.perf_counter() - started)))
    least = float("inf")
    for _ in range(5):
        started = time.process_time()
        for _ in range(times):
            call()
        least = min(least, (time.process_time() - started) / times)
    return least * 1e6


def line(name: str, model: Any, frame: pd.DataFrame, target: Any) -> str:
    """Fit, compile and measure one pipeline; return a row of the table."""
    train = int(len(frame) * 0.75)
    target = np.asarray(target)
    if "XGB" in name:
        target = pd.factorize(target, sort=True)[0]
    model.fit(frame[:train], target[:train])
    native = LoadedModel(
        model, "classification", tuple(scalars(model.classes_)), hasattr(model, "predict_proba")
    )
    schema = Schema(features=infer_columns(frame[:train]), classes=native.classes)
    with tempfile.TemporaryDirectory() as folder:
        found = compile_model(hosted(native), schema, frame[train:], Path(folder) / "form", "auto")
        rows = accepted_rows(schema, json_rows(frame[train : train + 100], schema))
        checker = RowChecker(schema)
        one, many = checker.check(rows[:1]).frame, checker.check(rows).frame
        slow = f"{cpu(lambda: native.predict(one)):,.0f} | {cpu(lambda: native.predict(many)):,.0f}"
        if found.verdict != "equal":
            return f"| {name} | refused: {found.reason} | | | {slow} | | |"
        form = CompiledModel(
            *read(Path(folder) / "form"), native.task, native.classes, FittedParts(native)
        )
        columns = columns_of(schema, rows)
        first = [column[0] for column in columns]
        fast = f"{cpu(lambda: form.predict_row(first)):,.0f}"
        fast += f" | {cpu(lambda: form.predict_rows(columns)):,.0f}"
    shown = f"{found.held_out_rows} + {found.edge_rows}"
    return (
        f"| {name} | {found.strategy} | {shown} | {found.largest_difference:.0e}"
        f" | {slow} | {fast} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--target")
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    keep_text_plain()
    warnings.simplefilter("ignore")
    if given.data is None:
        frame, target = made_here(given.rows)
    else:
        table = pd.read_csv(given.data)
        table = table.sample(min(given.rows, len(table)), random_state=0).reset_index(drop=True)
        frame, target = table.drop(columns=given.target), table[given.target]
    print(
        "| pipeline | strategy | equal rows | largest difference | native µs, 1 row | 100 rows |"
        " compiled µs, 1 row | 100 rows |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, make in pipelines(frame).items():
        if not given.only or name in given.only:
            print(line(name, make(), frame, target), flush=True)


if __name__ == "__main__":
    main()
