"""Models to compile, on rows with numbers, categories, booleans and nulls."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost
from array_samples import arrays_of
from in_process import hosted
from sklearn import ensemble, impute, linear_model, neighbors, preprocessing, svm, tree
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import FeatureUnion, make_pipeline

from modelhost.fitted_parts import FittedParts
from modelhost.model import LoadedModel
from modelhost.text_input import text_column, text_step
from packager.data.frames import infer_columns
from packager.data.rows.request_rows import RowChecker
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Schema
from packager.model.compiled.form import read
from packager.model.compiled.model import CompiledModel
from packager.model.predictions import Predictions, scalars
from packager.worker.compile.compile import compile_model
from packager.worker.compile.held_out import columns_of, json_rows

ROWS, TRAIN = 500, 350
NUMBERS, TEXTS = ["size", "load", "count"], ["kind", "shade"]
FEATURES = [*NUMBERS, "new", *TEXTS]


def table() -> pd.DataFrame:
    """Five hundred rows; ``two``, ``three`` and ``flag`` are classes, ``price`` a number."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "size": random.normal(50, 10, ROWS),
            "load": np.where(random.random(ROWS) < 0.1, np.nan, random.lognormal(0, 3, ROWS)),
            "count": random.integers(0, 90, ROWS),
            "new": random.random(ROWS) < 0.3,
            "kind": random.choice(list("abcdef"), ROWS),
            "shade": random.choice(np.array(["x", "y", None], object), ROWS, p=[0.5, 0.4, 0.1]),
        }
    )
    score = (frame["size"] - 50) / 10 + (frame["kind"] > "c") + (frame["shade"] == "x")
    score += random.normal(0, 0.5, ROWS) - 1
    frame["two"] = np.where(score > 0, "yes", "nö")
    frame["three"] = pd.cut(score, [-99, -1, 1, 99], labels=False)
    frame["flag"] = score > 0
    frame["price"] = score * 1000
    return frame


def one_hot(**options: Any) -> ColumnTransformer:
    """Numbers imputed and scaled, categories one-hot."""
    numbers = make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler())
    options = {"handle_unknown": "ignore", **options}
    return ColumnTransformer(
        [("n", numbers, NUMBERS), ("c", preprocessing.OneHotEncoder(**options), [*TEXTS, "new"])]
    )


def ordinal() -> ColumnTransformer:
    """Ordinal categories, and numbers unchanged."""
    encoder = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return ColumnTransformer([("c", encoder, [*TEXTS, "new"])], remainder="passthrough")


def mixed() -> ColumnTransformer:
    """Bins, indicators, ranges, a union and rare categories."""
    union = FeatureUnion(
        [
            ("range", make_pipeline(impute.SimpleImputer(), preprocessing.MinMaxScaler(clip=True))),
            ("absent", impute.MissingIndicator(features="all")),
        ]
    )
    bins = make_pipeline(impute.SimpleImputer(add_indicator=True), preprocessing.RobustScaler())
    rare = preprocessing.OneHotEncoder(
        drop="first", min_frequency=60, handle_unknown="infrequent_if_exist"
    )
    return ColumnTransformer(
        [
            ("u", union, NUMBERS),
            ("b", bins, ["load"]),
            ("k", preprocessing.KBinsDiscretizer(4), ["size"]),
            ("r", rare, ["kind", "count"]),
        ]
    )


LINEAR, TREES = "encoders + linear model in NumPy", "encoders + treelite"
NATIVE = "encoders + native estimator"
STEPS = "encoders + native transformers + linear model in NumPy"
MODELS: dict[str, tuple[Any, Any, str, str]] = {
    "logistic": (one_hot, lambda: linear_model.LogisticRegression(), "two", LINEAR),
    "logistic of three": (one_hot, lambda: linear_model.LogisticRegression(), "three", LINEAR),
    "mixed encoders": (mixed, lambda: linear_model.LogisticRegression(), "flag", LINEAR),
    "SGD": (one_hot, lambda: linear_model.SGDClassifier(loss="log_loss"), "three", LINEAR),
    "linear SVC": (one_hot, lambda: svm.LinearSVC(), "three", LINEAR),
    "ridge classifier": (one_hot, lambda: linear_model.RidgeClassifier(), "flag", LINEAR),
    "ridge": (one_hot, lambda: linear_model.Ridge(), "price", LINEAR),
    "Poisson": (one_hot, lambda: linear_model.PoissonRegressor(), "count", LINEAR),
    "forest": (one_hot, lambda: ensemble.RandomForestClassifier(9, random_state=0), "two", TREES),
    "forest of numbers": (ordinal, lambda: ensemble.RandomForestRegressor(9), "price", TREES),
    "extra trees": (one_hot, lambda: ensemble.ExtraTreesClassifier(9), "three", TREES),
    "tree": (one_hot, lambda: tree.DecisionTreeClassifier(max_depth=4), "flag", TREES),
    "boosting": (
        one_hot,
        lambda: ensemble.GradientBoostingClassifier(n_estimators=9, loss="exponential"),
        "two",
        TREES,
    ),
    "boosting of three": (
        one_hot,
        lambda: ensemble.GradientBoostingClassifier(n_estimators=5),
        "three",
        TREES,
    ),
    "histograms": (
        ordinal,
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=9),
        "three",
        TREES,
    ),
    "histograms of numbers": (
        ordinal,
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=9, loss="squared_error"),
        "price",
        TREES,
    ),
    "LightGBM": (
        ordinal,
        lambda: lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1),
        "three",
        TREES,
    ),
    "XGBoost": (ordinal, lambda: xgboost.XGBClassifier(n_estimators=9, n_jobs=1), "flag", TREES),
    "XGBoost of numbers": (
        ordinal,
        lambda: xgboost.XGBRegressor(n_estimators=9, n_jobs=1),
        "price",
        TREES,
    ),
    "neighbours": (one_hot, lambda: neighbors.KNeighborsClassifier(), "two", NATIVE),
    "components": (
        lambda: make_pipeline(one_hot(sparse_output=False), PCA(5), SelectKBest(k=3)),
        lambda: linear_model.LogisticRegression(),
        "two",
        STEPS,
    ),
}


@dataclass(frozen=True)
class Sample:
    """A model, its verdict, and its compiled form if there is one."""

    model: LoadedModel
    schema: Schema
    verdict: Compilation
    compiled: CompiledModel | None
    held_out: pd.DataFrame
    folder: Path

    def native(self, rows: list[dict[str, Any]]) -> Predictions:
        """The model's own answers for the frame that the server makes."""
        frame = RowChecker(self.schema).check(rows).frame
        return self.model.predict(frame, self.schema.features)

    def rows(self) -> list[dict[str, Any]]:
        """The held-out rows as in a request."""
        return json_rows(self.held_out, self.schema)

    def columns(self, rows: list[dict[str, Any]]) -> list[list[Any]]:
        """Rows as columns, as the server passes them on."""
        return columns_of(self.schema, rows)


def loaded(native: Any, task: str = "classification") -> LoadedModel:
    """A fitted model as the worker loads it."""
    classes = tuple(scalars(native.classes_)) if task == "classification" else None
    with_probabilities = classes is not None and hasattr(native, "predict_proba")
    return LoadedModel(native, task, classes, with_probabilities)  # type: ignore[arg-type]


def compiled(
    native: Any, features: pd.DataFrame, target: Any, folder: Path, task: str = "classification"
) -> Sample:
    """Fit on the first 70 % of the rows, and compile with the others held out."""
    train = int(len(features) * 0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = text_column(infer_columns(features[:train])) if text_step(native) else None
        native.fit(features[:train] if text is None else features[text][:train], target[:train])
        return judged(loaded(native, task), features, folder)


def judged(model: LoadedModel, features: pd.DataFrame, folder: Path) -> Sample:
    """Compile a model that was fitted on the first 70 % of the rows, with the others held out."""
    train = int(len(features) * 0.7)
    schema = Schema(features=infer_columns(features[:train]), classes=model.classes)
    verdict = compile_model(hosted(model), schema, features[train:], folder, "auto")
    form = None
    if verdict.verdict == "equal":
        form = CompiledModel(*read(folder), model.task, model.classes, FittedParts(model))
    return Sample(model, schema, verdict, form, features[train:], folder)


def sample(name: str, folder: Path) -> Sample:
    """The model of ``MODELS`` under ``name``."""
    encoders, estimator, target, _ = MODELS[name]
    frame = table()
    task = "regression" if target in ("price", "count") else "classification"
    pipeline = make_pipeline(encoders(), estimator())
    return compiled(pipeline, frame[FEATURES], frame[target], folder, task)


def difference(one: Any, other: Any) -> float:
    """The difference, relative beyond 1."""
    return abs(one - other) / max(1.0, abs(other))


def assert_equal(made: Sample, rows: list[dict[str, Any]]) -> int:
    """Assert that both compiled paths equal the model in the domain; return the number of rows."""
    assert made.compiled is not None
    columns = made.columns(rows)
    answers, inside = made.compiled.predict_rows(columns)
    assert_same(made.compiled.predict_rows(columns, arrays_of(columns)), (answers, inside))
    chosen = np.flatnonzero(inside).tolist()
    if not chosen:
        return 0
    expected = made.native([rows[row] for row in chosen])
    tolerance = made.verdict.tolerance
    for place, row in enumerate(chosen):
        ones = [(answers.labels[row], _row(answers.probabilities, row))]
        alone = made.compiled.predict_row([column[row] for column in columns])
        ones += [] if alone is None else [alone]
        wanted = expected.labels[place], _row(expected.probabilities, place)
        for label, chances in ones:
            if made.model.task == "regression":
                assert difference(label, wanted[0]) <= tolerance, rows[row]
            else:
                assert (type(label), label) == (type(wanted[0]), wanted[0]), rows[row]
            assert (chances is None) == (wanted[1] is None)
            if chances is not None and wanted[1] is not None:
                assert np.abs(np.array(chances) - wanted[1]).max() <= tolerance, rows[row]
    return len(chosen)


def assert_same(
    one: tuple[Predictions, npt.NDArray[np.bool_]], other: tuple[Predictions, npt.NDArray[np.bool_]]
) -> None:
    """Assert that both answers for many rows are the same to the last bit."""
    assert one[1].tolist() == other[1].tolist()
    inside = np.flatnonzero(other[1])
    labels = [[repr(answers.labels[row]) for row in inside] for answers, _ in (one, other)]
    assert labels[0] == labels[1]
    left, right = one[0].probabilities, other[0].probabilities
    assert (left is None) == (right is None)
    if left is not None and right is not None:
        assert left[inside].tobytes() == right[inside].tobytes()


def _row(probabilities: Any, row: int) -> Any:
    return None if probabilities is None else probabilities[row].tolist()
