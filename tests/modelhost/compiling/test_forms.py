"""A fitted model is analysed: the columns a form reads, and the domain of each."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd
import pytest
from compile_samples import FEATURES, MODELS, compiled, table
from sklearn import ensemble, linear_model, preprocessing
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline


@pytest.mark.slow
def test_nulls_and_unseen_values_are_out_where_the_model_raises_on_them(tmp_path: Path):
    frame = table()
    encoder = ColumnTransformer(
        [("c", preprocessing.OneHotEncoder(), ["kind"]), ("n", "passthrough", ["size"])]
    )
    model = make_pipeline(encoder, linear_model.LogisticRegression())
    made = compiled(model, frame[["size", "kind"]], frame["two"], tmp_path / "form")
    assert made.verdict.domain[:2] == (
        "size: a number from -1e+30 to 1e+30, not null",
        "kind: a category that the model's encoders know, not null",
    )
    for values in ([None, "a"], [50.0, None], [50.0, "zz"]):
        assert made.compiled.predict_row(values) is None
    assert made.compiled.predict_row([50.0, "a"]) is not None


@pytest.mark.slow
def test_a_column_that_no_form_takes_may_be_dropped_by_the_model(tmp_path: Path):
    frame = table()[["size", "kind"]].assign(day=pd.Timestamp("2024-05-01"))
    encoder = ColumnTransformer(
        [("n", "passthrough", ["size"]), ("c", preprocessing.OneHotEncoder(), ["kind"])]
    )
    model = make_pipeline(encoder, linear_model.LogisticRegression())
    made = compiled(model, frame, table()["two"], tmp_path / "form")
    assert made.verdict.verdict == "equal"
    assert made.verdict.domain[2] == "day: anything (the model does not use it)"


@pytest.mark.slow
def test_a_search_is_compiled_as_the_model_it_found(tmp_path: Path):
    frame = table()
    pipeline = make_pipeline(MODELS["forest"][0](), ensemble.RandomForestClassifier(5))
    search = GridSearchCV(pipeline, {"randomforestclassifier__max_depth": [2, 4]}, cv=2)
    made = compiled(search, frame[FEATURES], frame["two"], tmp_path / "form")
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", "encoders + treelite")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["estimators.coded", "trees.binned_tables"])
def test_a_library_without_the_private_parts_leaves_the_model_native(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """``_transformer_to_input_indices`` and ``_preprocessor`` are scikit-learn's own."""

    def absent(*_: object):
        raise AttributeError("'ColumnTransformer' object has no attribute '_transformer_to_…'")

    name, _, function = part.partition(".")
    module = importlib.import_module(f"modelhost.compiling.{name}")
    for user in (module, importlib.import_module("modelhost.compiling.forms")):
        if hasattr(user, function):
            monkeypatch.setattr(user, function, absent)
    frame = table()
    estimator = ensemble.HistGradientBoostingClassifier(max_iter=3)
    made = compiled(estimator, frame[["size", "load"]], frame["two"], tmp_path / "form")
    assert made.verdict.verdict == "refused"
    assert made.verdict.reason is not None
    assert "AttributeError" in made.verdict.reason
    assert len(made.native(made.rows()[:3]).labels) == 3
