"""Intervals of metrics compared with the bootstrap, and metrics without information."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhost.model import LoadedModel
from monitoring.stats.intervals import mean_interval, wilson
from packager.model.predictions import Predictions
from packager.worker.train.evaluate import evaluate, metrics

ROWS, RESAMPLES = 600, 200


def resampled(measure: Any) -> dict[str, tuple[float, float]]:
    """The percentile bootstrap's 95 % interval of every metric (Efron 1979)."""
    draw = np.random.default_rng(5)
    found: dict[str, list[float]] = {}
    for _ in range(RESAMPLES):
        for name, value in measure(draw.integers(0, ROWS, ROWS)).values.items():
            found.setdefault(name, []).append(value)
    return {name: tuple(np.percentile(v, [2.5, 97.5])) for name, v in found.items()}  # type: ignore[misc]


def three_classes(chosen: Any) -> Any:
    draw = np.random.default_rng(1)
    truth = draw.choice(3, ROWS, p=[0.6, 0.3, 0.1])
    scores = draw.normal(size=(ROWS, 3)) + 1.2 * np.eye(3)[truth]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    guess = shares.argmax(axis=1)
    answers = Predictions(guess[chosen].tolist(), shares[chosen])
    return metrics(truth[chosen].tolist(), answers, (0, 1, 2), "classification")


def numbers(chosen: Any) -> Any:
    draw = np.random.default_rng(2)
    truth = draw.normal(size=ROWS)
    guess = 0.8 * truth + 0.3 * draw.standard_t(5, ROWS)
    return metrics(
        truth[chosen].tolist(), Predictions(guess[chosen].tolist(), None), None, "regression"
    )


@pytest.mark.slow
@pytest.mark.parametrize("measure", [three_classes, numbers])
def test_intervals_are_those_of_the_bootstrap(measure: Any) -> None:
    found, expected = measure(np.arange(ROWS)), resampled(measure)
    assert set(found.intervals) == set(found.values) == set(expected)
    for name, (low, high) in found.intervals.items():
        width = expected[name][1] - expected[name][0]
        assert low < found.values[name] < high
        assert (low, high) == pytest.approx(expected[name], abs=0.25 * width), name


def test_rows_that_are_all_right_make_no_certainty() -> None:
    few = metrics([0, 0, 0, 1, 1], Predictions([0, 0, 0, 1, 1], None), None, "classification")
    for name in ("balanced_accuracy", "f1_macro"):
        assert few.intervals[name] == wilson(2, 2)  # the rows of the rarest class
    assert few.intervals["accuracy"] == wilson(5, 5)
    ranked = Predictions([0, 0, 0, 1, 1], np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]] * 2))
    assert metrics([0, 0, 0, 1, 1], ranked, (0, 1), "classification").intervals["roc_auc"] == (
        wilson(2, 2)
    )


def test_one_row_has_no_interval_of_an_error() -> None:
    assert mean_interval(np.array([1.0])) is None
    assert metrics([1.0], Predictions([2.0], None), None, "regression").intervals == {}
    assert mean_interval(np.array([1.0, 3.0])) == pytest.approx(
        (2 - 12.7062, 2 + 12.7062), abs=1e-3
    )


labels = st.sampled_from(["a", "b", "c"])


@settings(max_examples=many(60), deadline=None)
@given(st.lists(st.tuples(labels, st.sampled_from(["a", "b", "c", "d", None])), min_size=1))
def test_every_interval_of_labels_holds_its_value(pairs: list[tuple[str, str | None]]) -> None:
    truth, guess = map(list, zip(*pairs, strict=True))
    found = metrics(truth, Predictions(guess, None), None, "classification")
    for name, (low, high) in found.intervals.items():
        assert 0 <= low <= found.values[name] + 1e-12
        assert found.values[name] - 1e-12 <= high <= 1


@settings(max_examples=many(60), deadline=None)
@given(st.lists(st.tuples(st.floats(-1e200, 1e200), st.floats(-1e200, 1e200)), min_size=1))
def test_every_interval_of_numbers_is_finite_and_holds_its_value(
    pairs: list[tuple[float, float]],
) -> None:
    truth, guess = map(list, zip(*pairs, strict=True))
    found = metrics(truth, Predictions(guess, None), None, "regression")
    for name, (low, high) in found.intervals.items():
        assert math.isfinite(low)
        assert math.isfinite(high)
        room = 1e-9 * max(1.0, abs(low), abs(high), abs(found.values[name]))
        assert low - room <= found.values[name] <= high + room


class Constant:
    classes_ = ("a", "b")

    def predict(self, frame: pd.DataFrame) -> list[str]:
        return ["a"] * len(frame)


class Two:
    def predict(self, frame: pd.DataFrame) -> list[float]:
        return [2.0] * len(frame)


def test_every_metric_is_recorded_beside_its_baseline() -> None:
    target = pd.Series(["a", "b", "b", "b"], name="label")
    model = LoadedModel(Constant(), "classification", ("a", "b"), False)
    masks = {"red": np.array([True, True, False, False])}
    found = evaluate(model, pd.DataFrame({"x": range(4)}), target, masks, ["b", "b", "a"])
    assert found.overall.values["accuracy"] == 0.25
    assert found.overall.baseline["accuracy"] == 0.75
    assert set(found.overall.baseline) == set(found.overall.values)
    assert found.slices["red"].baseline["accuracy"] == 0.5
    numbers = LoadedModel(Two(), "regression", None, False)
    measured = evaluate(
        numbers, pd.DataFrame({"x": [1, 2]}), pd.Series([1.0, 3.0], name="y"), {}, [0.0, 2.0]
    )
    assert measured.overall.values["mae"] == 1.0
    assert measured.overall.baseline["bias"] == -1.0
    assert measured.overall.baseline["mae"] == 1.0
