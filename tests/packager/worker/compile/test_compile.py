"""Every accepted form gives the model's own answers; what can't be shown equal stays native."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest
from compile_samples import FEATURES, MODELS, Sample, assert_equal, compiled, sample, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import ensemble, linear_model, preprocessing
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.slow

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-100, 100, width=32),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-40, 1e30, -1e30, 1e39, 1e308, 2.0**24 + 1]),
)
INTEGERS = st.one_of(
    st.integers(-100, 100), st.integers(-(2**63), 2**63 - 1), st.integers(2**53 - 2, 2**53 + 2)
)
TEXTS = st.one_of(st.sampled_from([*"abcdefxy", "a\0", ""]), st.text(max_size=3))
ROW = st.fixed_dictionaries(
    {
        "size": st.none() | NUMBERS,
        "load": st.none() | NUMBERS,
        "count": INTEGERS,
        "new": st.none() | st.booleans(),
        "kind": st.none() | TEXTS,
        "shade": st.none() | TEXTS,
    }
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, Sample]:
    """Every model of the list, compiled."""
    return {name: sample(name, tmp_path_factory.mktemp("forms") / "form") for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_a_common_pipeline_is_compiled_the_fastest_way_that_is_equal(samples, name):
    made = samples[name]
    assert (made.verdict.verdict, made.verdict.strategy, made.verdict.reason) == (
        "equal",
        MODELS[name][3],
        "",
    )
    assert made.verdict.held_out_rows > 100
    assert made.verdict.edge_rows > 50
    assert made.verdict.largest_difference <= made.verdict.tolerance <= 1e-6
    assert made.verdict.differing == ()
    assert assert_equal(made, made.rows()) == made.verdict.held_out_rows


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(MODELS)), rows=st.lists(ROW, min_size=5, max_size=30))
def test_in_the_domain_any_row_is_answered_as_by_the_model(samples, name, rows):
    made = samples[name]
    kept = [row for row in rows if abs(row["count"]) < 2**53 or row["count"] % 2 == 0]
    if kept:
        assert_equal(made, [{**row, "count": min(row["count"], 2**53 + 2)} for row in kept])


def test_the_domain_names_a_condition_for_every_column(samples):
    assert samples["logistic"].verdict.domain == (
        "size: a number from -1e+30 to 1e+30, or null",
        "load: a number from -1e+30 to 1e+30, or null",
        "count: a number from -9007199254740991 to 9007199254740991, or null",
        "new: a value that the model's encoders know, or null",
        "kind: any value, or null",
        "shade: any value, or null",
        "the sums are small enough that rounding stays below the tolerance",
        "the two likeliest classes differ by more than 1e-09",
    )


@pytest.mark.parametrize(
    "change",
    [{"size": 1e31}, {"count": 2**53}, {"kind": "a\0"}, {"size": 1e29}],
    ids=["too far", "not exact in float64", "text that arrays cut", "a sum that rounds too much"],
)
def test_a_row_outside_the_domain_takes_the_native_path(samples, change):
    made = samples["logistic"]
    row = made.columns([{**made.rows()[0], **change}])
    assert made.compiled.predict_row([column[0] for column in row]) is None
    assert made.compiled.predict_rows(row)[1].tolist() == [False]


def test_nulls_and_unseen_values_are_out_where_the_model_raises_on_them(tmp_path: Path):
    frame = table()
    encoder = ColumnTransformer(
        [("c", preprocessing.OneHotEncoder(), ["kind"]), ("n", "passthrough", ["size"])]
    )
    model = make_pipeline(encoder, linear_model.LogisticRegression())
    made = compiled(model, frame[["size", "kind"]], frame["two"], tmp_path / "form")
    assert made.verdict.domain[:2] == (
        "size: a number from -1e+30 to 1e+30, not null",
        "kind: a value that the model's encoders know, not null",
    )
    for values in ([None, "a"], [50.0, None], [50.0, "zz"]):
        assert made.compiled.predict_row(values) is None
    assert made.compiled.predict_row([50.0, "a"]) is not None


def test_a_tie_takes_the_native_path(tmp_path: Path):
    features = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 40})
    target = np.array([0, 1, 0, 0] * 40)
    made = compiled(
        ensemble.RandomForestClassifier(3, bootstrap=False), features, target, tmp_path / "form"
    )
    assert made.compiled.predict_row([0.0]) is None
    assert made.compiled.predict_row([1.0]) == (0, [1.0, 0.0])


NEAR = np.float32(1.0) + np.arange(40) * np.float32(2**-23)


def hard_rows() -> tuple[pd.DataFrame, pd.Series]:
    """Numbers that differ in the last bit of float32 and less; integers beyond 2²⁴; far, tiny."""
    random = np.random.default_rng(5)
    size = 600
    frame = pd.DataFrame(
        {
            "near": random.choice(NEAR.astype(float), size)
            + random.choice([0, 2**-25, -(2**-25), 2**-24], size),
            "big": random.integers(2**24 - 6, 2**24 + 6, size),
            "far": random.normal(size=size) * 1e30,
            "tiny": random.normal(size=size) * 1e-42,
        }
    )
    label = (frame["near"] > NEAR[20]) ^ (frame["big"] > 2**24) ^ (frame["far"] > 0)
    return frame, label


@pytest.mark.parametrize("labels", [int, float, bool, str])
@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.RandomForestClassifier(15, random_state=0),
        ensemble.HistGradientBoostingClassifier(max_iter=15),
        lightgbm.LGBMClassifier(n_estimators=15, n_jobs=1, verbose=-1),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_thresholds_between_float32_neighbours_cut_as_in_the_model(tmp_path, estimator, labels):
    frame, target = hard_rows()
    made = compiled(
        estimator, frame, target.map({True: 1, False: 0}).map(labels), tmp_path / "form"
    )
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", "encoders + treelite")
    cuts = [value for near in NEAR.tolist() for value in _beside(near)]
    rows = [{**made.rows()[0], "near": cut} for cut in cuts]
    rows += [{**made.rows()[0], "big": 2**24 + step} for step in range(-5, 6)]
    assert assert_equal(made, rows) > len(rows) // 2
    assert {type(label) for label in made.model.classes} == {labels}


def _beside(value: float) -> list[float]:
    half = value + 2**-24
    return [value, half, *(math.nextafter(x, d) for x in (value, half) for d in (0, 9))]


@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.HistGradientBoostingClassifier(max_iter=15, categorical_features="from_dtype"),
        ensemble.HistGradientBoostingClassifier(max_iter=15, categorical_features=["kind", "day"]),
        lightgbm.LGBMClassifier(n_estimators=15, n_jobs=1, verbose=-1),
    ],
    ids=["by dtype", "by name", "LightGBM"],
)
def test_native_categories_are_split_as_in_the_model(tmp_path: Path, estimator):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "kind": pd.Categorical(random.choice(list("abcdefghij"), 500)),
            "day": random.integers(0, 12, 500),
            "x": np.where(random.random(500) < 0.2, np.nan, random.normal(size=500)),
        }
    )
    target = (frame["kind"].cat.codes % 3 == 0) ^ (frame["x"].fillna(0) > 0)
    made = compiled(estimator, frame, target, tmp_path / "form")
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", "encoders + treelite")
    base = made.rows()[0]
    rows = [{**base, "kind": kind} for kind in (*"abcdefghij", "unseen", None)]
    rows += [{**base, "day": day, "x": None} for day in (-1, 0, 5, 11, 12, 300)]
    assert assert_equal(made, rows) == len(rows)


@pytest.mark.parametrize("part", ["estimators.coded", "trees._importable"])
def test_a_library_without_the_private_parts_leaves_the_model_native(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """``_transformer_to_input_indices`` and ``_preprocessor`` are scikit-learn's own."""

    def absent(*_: object):
        raise AttributeError("'ColumnTransformer' object has no attribute '_transformer_to_…'")

    name, _, function = part.partition(".")
    module = importlib.import_module(f"packager.worker.compile.{name}")
    for user in (module, importlib.import_module("packager.worker.compile.candidates")):
        if hasattr(user, function):
            monkeypatch.setattr(user, function, absent)
    frame = table()
    estimator = ensemble.HistGradientBoostingClassifier(max_iter=3)
    made = compiled(estimator, frame[["size", "load"]], frame["two"], tmp_path / "form")
    assert made.verdict.verdict == "refused"
    assert made.verdict.reason is not None
    assert "AttributeError" in made.verdict.reason
    assert len(made.native(made.rows()[:3]).answers(made.model.classes)) == 3


def test_a_null_that_the_model_refuses_keeps_no_other_value_out(tmp_path: Path):
    random = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "flag": random.random(500) < 0.4,  # objects beside a null, which LightGBM doesn't take
            "id": 2**53 + random.integers(-50, 5, 500),  # no floats beside a null
            "x": random.normal(size=500),
        }
    )
    target = frame["flag"] ^ (frame["x"] > 0)
    estimator = lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1)
    made = compiled(estimator, frame, target, tmp_path / "form")
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", "encoders + treelite")
    rows = [{"flag": flag, "id": 7, "x": x} for flag in (True, False) for x in (-1.0, 1.0, None)]
    assert assert_equal(made, rows) == len(rows)
    assert made.compiled.predict_row([None, 7, 1.0]) is None


def test_a_column_that_no_form_takes_may_be_dropped_by_the_model(tmp_path: Path):
    frame = table()[["size", "kind"]].assign(day=pd.Timestamp("2024-05-01"))
    encoder = ColumnTransformer(
        [("n", "passthrough", ["size"]), ("c", preprocessing.OneHotEncoder(), ["kind"])]
    )
    model = make_pipeline(encoder, linear_model.LogisticRegression())
    made = compiled(model, frame, table()["two"], tmp_path / "form")
    assert made.verdict.verdict == "equal"
    assert made.verdict.domain[2] == "day: anything (the model does not use it)"


def test_a_search_is_compiled_as_the_model_it_found(tmp_path: Path):
    frame = table()
    pipeline = make_pipeline(MODELS["forest"][0](), ensemble.RandomForestClassifier(5))
    search = GridSearchCV(pipeline, {"randomforestclassifier__max_depth": [2, 4]}, cv=2)
    made = compiled(search, frame[FEATURES], frame["two"], tmp_path / "form")
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", "encoders + treelite")


def test_two_threads_get_the_same_answers(samples):
    from concurrent.futures import ThreadPoolExecutor

    made = samples["histograms"]
    columns = made.columns(made.rows())
    rows = list(zip(*columns, strict=True))
    alone = [made.compiled.predict_row(row) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(made.compiled.predict_row, rows)) == alone
