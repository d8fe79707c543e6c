"""Tree ensembles split numbers and categories as their own framework does."""

from __future__ import annotations

import math
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest
from compile_samples import assert_equal, compiled, sample
from sklearn import ensemble

from packager.worker.compile import trees as ensembles


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


@pytest.mark.slow
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
@pytest.mark.sample(4)
def test_thresholds_between_float32_neighbours_cut_as_in_the_model(tmp_path, estimator, labels):
    frame, target = hard_rows()
    made = compiled(
        estimator, frame, target.map({True: 1, False: 0}).map(labels), tmp_path / "form"
    )
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", "encoders + treelite")
    cuts = [value for near in NEAR.tolist() for value in _beside(near)]
    first = made.rows()[0]
    rows = [{**first, "near": cut} for cut in cuts]
    rows += [{**first, "big": 2**24 + step} for step in range(-5, 6)]
    assert assert_equal(made, rows) > len(rows) // 2
    assert {type(label) for label in made.model.classes} == {labels}


def _beside(value: float) -> list[float]:
    half = value + 2**-24
    return [value, half, *(math.nextafter(x, d) for x in (value, half) for d in (0, 9))]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_without_treelite_trees_take_another_way(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ensembles.importlib.util, "find_spec", lambda _: None)
    assert sample("forest", tmp_path / "form").verdict.strategy == "encoders + native estimator"
