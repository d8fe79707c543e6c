"""Metrics of labelled rows: scikit-learn's values, variances by resampling, sums by slice."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from judged_samples import answered, masks, numbers
from sklearn import metrics

from modelhost.predictions import Predictions
from packager.manifest.outputs import Output
from packager.worker.test.judged_rows import JudgedOutputs, JudgedRows, baseline_of


def test_the_metrics_of_labels_are_scikit_learns() -> None:
    _, judged = answered(2_000, 0)
    truth, guess, chances = (
        judged.truth,
        judged.predictions.labels,
        judged.predictions.probabilities,
    )
    found = {name: one.value for name, one in judged.estimates().items()}
    recalls = metrics.recall_score(truth, guess, average=None)
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, guess),
            "balanced_accuracy": metrics.balanced_accuracy_score(truth, guess),
            "log_loss": metrics.log_loss(truth, chances),
            "roc_auc": metrics.roc_auc_score(truth, chances[:, 1]),  # type: ignore[index]
            "recall no": recalls[0],
            "recall yes": recalls[1],
        }
    )


def test_the_metrics_of_numbers_are_scikit_learns() -> None:
    judged = numbers(1_000, 0, bias=0.5)
    truth, guess = judged.truth, judged.predictions.labels
    found = {name: one.value for name, one in judged.estimates().items()}
    assert found == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(truth, guess),
            "rmse": math.sqrt(metrics.mean_squared_error(truth, guess)),
            "r2": metrics.r2_score(truth, guess),
            "bias": np.mean(guess) - np.mean(truth),  # type: ignore[arg-type]
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_variance_is_that_of_repeated_samples(task: str) -> None:
    values, variances = [], []
    for seed in range(300):
        judged = answered(500, seed)[1] if task == "classification" else numbers(500, seed)
        found = judged.estimates()
        values.append([one.value for one in found.values()])
        variances.append([one.variance for one in found.values()])
    for name, of, by in zip(found, np.var(values, axis=0), np.mean(variances, axis=0), strict=True):
        assert by == pytest.approx(of, rel=0.3), name


def test_rows_of_a_group_count_once() -> None:
    one, five = answered(600, 0)[1].estimates(), answered(600, 0, copies=5)[1].estimates()
    for name, single in one.items():
        assert five[name].value == pytest.approx(single.value)
        assert five[name].variance == pytest.approx(single.variance, rel=0.01), name
        assert five[name].rows == 5 * single.rows
        assert five[name].degrees == single.degrees


def test_what_some_rows_leave_undefined_is_absent() -> None:
    _, judged = answered(100, 0)
    only = judged.where(np.array(judged.truth) == "no").estimates()
    assert "roc_auc" not in only
    assert "recall yes" not in only
    assert only["accuracy"].value == only["recall no"].value
    assert judged.where(np.zeros(100, np.bool_)).estimates() == {}


def test_a_regression_leaves_out_rows_without_a_number() -> None:
    found = Predictions([1.0, None, 4.0], None)
    judged = JudgedRows("regression", [2.0, 5.0, 4.0], found, None)
    assert judged.estimates()["mae"].value == 0.5
    assert judged.losses is not None
    assert np.array_equal(judged.losses, [1, math.nan, 0], equal_nan=True)


def test_an_unknown_label_is_wrong() -> None:
    found = Predictions(["a", None, "c"], None)
    judged = JudgedRows("classification", ["a", "b", "z"], found, ("a", "b"))
    assert judged.estimates()["accuracy"].value == pytest.approx(1 / 3)
    assert judged.losses is not None
    assert judged.losses.tolist() == [0, 1, 1]


def test_a_baseline_has_sums_by_slice() -> None:
    frame, judged = answered(1_000, 0, copies=3)
    found = baseline_of(judged, {**masks(frame), "empty": np.zeros(3_000, np.bool_)})
    assert (found.rows, found.groups) == (3_000, 1_000)
    assert list(found.slices) == ["__all__", "city=a", "city=b", "city=c"]
    for name, mask in masks(frame).items():
        one, losses = found.slices[name], judged.losses
        assert losses is not None
        assert one.losses is not None
        assert (one.losses.rows, one.losses.total) == (mask.sum(), losses[mask].sum())
        assert one.losses.squares == (losses[mask] ** 2).sum()
        assert one.losses.design_effect == pytest.approx(3, rel=0.02)
        assert one.metrics["accuracy"].value == pytest.approx(1 - losses[mask].mean())
        assert one.metrics["accuracy"].estimate == judged.where(mask).estimates()["accuracy"]


def test_outputs_have_their_name_before_a_metric() -> None:
    rows = pd.DataFrame({"x": [1, 2, 3, 4], "kind": list("abab"), "price": [1.0, 2, 3, 4]})
    outputs = (
        Output(name="kind", kind="label", target=("kind",), classes=("a", "b")),
        Output(name="price", kind="number", target=("price",)),
    )
    answers = [{"kind": "a", "price": 1.0}] * 4
    found = Predictions(answers, None)  # type: ignore[arg-type]
    judged = JudgedOutputs.of(rows, outputs, found, ["x"])
    values = {name: one.value for name, one in judged.estimates().items()}
    assert values["kind.accuracy"] == 0.5
    assert values["price.mae"] == 1.5
    assert judged.losses is None
    half = judged.where(np.array([True, False, True, False]))
    assert half.estimates()["kind.accuracy"].value == 1


def test_an_output_without_any_number_has_no_metric() -> None:
    rows = pd.DataFrame({"x": [1, 2], "kind": ["a", "b"], "price": [1.0, 2.0]})
    outputs = (
        Output(name="kind", kind="label", target=("kind",), classes=("a", "b")),
        Output(name="price", kind="number", target=("price",)),
    )
    found = Predictions([{"kind": "a", "price": None}] * 2, None)  # type: ignore[arg-type]
    names = JudgedOutputs.of(rows, outputs, found, ["x"]).estimates().keys()
    assert names == {"kind.accuracy", "kind.balanced_accuracy"}


def test_losses_of_tasks_are_those_of_a_row() -> None:
    rows = pd.DataFrame(
        {"x": [1, 2], "bought": ['["a", "b"]', '"c"'], "months": [5.0, 9.0], "left": [True, False]}
    )
    items = Output(name="items", kind="json", target=("bought",), top=2)
    answers = Predictions([["a", "d"], ["c", "a"]], None)  # type: ignore[arg-type]
    judged = JudgedOutputs.of(rows, (items,), answers, ["x"])
    assert judged.losses is not None
    assert judged.losses.tolist() == [0.5, 0.0]
    stay = Output(name="stay", kind="numbers", target=("months",), event="left", times=(6, 12))
    answers = Predictions([[0.4, 0.2], [0.9, 0.8]], None)  # type: ignore[arg-type]
    judged = JudgedOutputs.of(rows, (stay,), answers, ["x"])
    assert judged.losses is None
    assert "brier" in judged.estimates()
