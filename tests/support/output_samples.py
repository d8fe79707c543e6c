"""Models with several answers to compile, on the rows of ``compile_samples``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from compile_samples import FEATURES, LINEAR, NATIVE, TREES, Sample, one_hot, ordinal, table
from in_process import hosted
from sklearn import ensemble, linear_model, naive_bayes
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline

from modelhost.fitted_parts import FittedParts
from modelhost.model import LoadedModel
from modelhost.outputs import complete
from modelhost.text_input import text_column, text_step
from packager.data.frames import infer_columns
from packager.manifest.manifest import Schema
from packager.manifest.outputs import Output, completed
from packager.model.compiled.form import read
from packager.model.compiled.model import CompiledModel
from packager.worker.compile.compile import compile_model

SPARSE = "encoders + n-grams + sparse linear model in NumPy"
NUMBERS = (Output(name="both", kind="numbers", target=("price", "load2"), shape=(2,)),)
PAIR = (
    Output(name="price", kind="number", target=("price",)),
    Output(name="load", kind="number", target=("load2",)),
)
LABELS = (Output(name="tags", kind="labels", target=("a", "b", "c"), classes=("a", "b", "c")),)
CLASSES = (Output(name="two", kind="label"), Output(name="three", kind="label"))
QUANTILES = (Output(name="price", kind="quantiles", levels=(0.1, 0.9)),)
ALONE = (Output(name="two", kind="label"),)
SCORE = (Output(name="odd", kind="score"),)
VECTOR = (Output(name="vector", kind="array", shape=(2,)),)


def logistic() -> linear_model.LogisticRegression:
    """A solver without threads: a busy machine slows the others down."""
    return linear_model.LogisticRegression(solver="newton-cholesky")


MODELS: dict[str, tuple[Any, Any, tuple[Output, ...], str]] = {
    "ridge by name": (one_hot, linear_model.Ridge, PAIR, LINEAR),
    "multi-task lasso": (one_hot, linear_model.MultiTaskLasso, NUMBERS, LINEAR),
    "histograms of two": (
        ordinal,
        lambda: MultiOutputRegressor(ensemble.HistGradientBoostingRegressor(max_iter=3)),
        NUMBERS,
        TREES,
    ),
    "forest of labels": (
        one_hot,
        lambda: ensemble.RandomForestClassifier(3, max_depth=4, random_state=0),
        LABELS,
        TREES,
    ),
    "forest of classes": (
        one_hot,
        lambda: ensemble.ExtraTreesClassifier(3, max_depth=4, random_state=0),
        CLASSES,
        TREES,
    ),
    "one against the rest": (one_hot, lambda: OneVsRestClassifier(logistic()), LABELS, LINEAR),
    "classes apart": (one_hot, lambda: MultiOutputClassifier(logistic()), CLASSES, LINEAR),
    "ridge of labels": (one_hot, linear_model.RidgeClassifier, LABELS, LINEAR),
    "a label alone": (one_hot, logistic, ALONE, LINEAR),
    "quantiles": (one_hot, lambda: MultiOutputRegressor(linear_model.Ridge()), QUANTILES, LINEAR),
    "anomalies": (
        one_hot,
        lambda: ensemble.IsolationForest(n_estimators=2, random_state=0),
        SCORE,
        NATIVE,
    ),
    "an embedding": (lambda: one_hot(sparse_output=False), lambda: PCA(2), VECTOR, NATIVE),
    "texts": (
        lambda: TfidfVectorizer(token_pattern="."),
        lambda: OneVsRestClassifier(logistic()),
        LABELS,
        SPARSE,
    ),
    "texts and Bayes": (
        lambda: TfidfVectorizer(token_pattern="."),
        lambda: OneVsRestClassifier(naive_bayes.BernoulliNB()),
        LABELS,
        SPARSE,
    ),
    "texts to numbers": (
        lambda: TfidfVectorizer(token_pattern="."),
        linear_model.Ridge,
        NUMBERS,
        SPARSE,
    ),
}


def targets(frame: pd.DataFrame, outputs: tuple[Output, ...]) -> Any:
    """The training targets of each kind of output."""
    second = frame["size"] * 3 + frame["new"]
    match outputs:
        case (Output(kind="numbers" | "quantiles"),) | (Output(kind="number"), _):
            return np.column_stack([frame["price"], second])
        case (Output(kind="labels"),):
            return np.column_stack([frame["flag"], frame["size"] > 50, frame["kind"] > "b"]) * 1
        case (Output(name="two"), _):
            return frame[["two", "three"]].astype(str).to_numpy(object)
        case _:
            return frame["two"].to_numpy()


def output_sample(name: str, folder: Path) -> Sample:
    """The model of ``MODELS`` under ``name``: fitted on 70 % of the rows, compiled with others."""
    encoders, estimator, outputs, strategy = MODELS[name]
    frame = table()
    features = frame[["size", "kind"]] if strategy == SPARSE else frame[FEATURES]
    if strategy == SPARSE:
        random = np.random.default_rng(0)
        made = ["".join(random.choice([*"abcdefgh"], 6)) for _ in range(len(frame))]
        features = features.assign(kind=frame["kind"] + made)
    return judged(make_pipeline(encoders(), estimator()), features, frame, outputs, folder)


def judged(
    native: Any,
    features: pd.DataFrame,
    frame: pd.DataFrame,
    outputs: tuple[Output, ...],
    folder: Path,
) -> Sample:
    """Fit and compile ``native``."""
    train = 350
    columns = infer_columns(features[:train])
    text = text_column(columns) if text_step(native) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = features[:train] if text is None else features[text][:train]
        native.fit(given, targets(frame, outputs)[:train])
    specs = complete(native, [one.spec for one in outputs])
    model = LoadedModel(native, "outputs", None, False, outputs=specs)
    schema = Schema(features=columns, outputs=completed(outputs, specs))
    verdict = compile_model(hosted(model), schema, features[train:], folder, "auto")
    form = None
    if verdict.verdict == "equal":
        form = CompiledModel(*read(folder), "outputs", None, FittedParts(model), schema.outputs)
    return Sample(model, schema, verdict, form, features[train:], folder)
