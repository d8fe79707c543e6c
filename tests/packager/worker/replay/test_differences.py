"""Differences of metrics and predictions between two models, and which are accepted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from packager.manifest.evaluation import Evaluation, MetricValues
from packager.model.model import Predictions
from packager.worker.replay.differences import (
    accepted,
    evaluation_check,
    identical,
    label_flips,
    largest_difference,
    metric_checks,
)


def evaluation(accuracy: float, of_slice: float = 0.5) -> Evaluation:
    return Evaluation(
        overall=MetricValues(rows=4, values={"accuracy": accuracy}),
        slices={"red": MetricValues(rows=2, values={"accuracy": of_slice})},
    )


@pytest.mark.parametrize(
    ("now", "accept", "ok"),
    [
        (0.80, {}, True),
        (0.80 + 1e-12, {}, True),
        (0.81, {}, False),
        (0.81, {"accuracy": 0.02}, True),
        (0.83, {"accuracy": 0.02}, False),
        (0.81, {"log_loss": 1.0}, True),
    ],
)
def test_metrics_are_accepted_within_their_band_and_not_beyond(
    now: float, accept: dict[str, float], ok: bool
) -> None:
    checks = metric_checks(evaluation(0.8), evaluation(now), accept, every=False)
    assert checks["accuracy"].ok is ok
    assert checks["accuracy"].recorded == 0.8


def test_a_metric_that_the_recipe_does_not_name_is_judged_only_where_every_one_is() -> None:
    loose = metric_checks(evaluation(0.8), evaluation(0.81), {"log_loss": 1.0}, every=False)
    strict = metric_checks(evaluation(0.8), evaluation(0.81), {"log_loss": 1.0}, every=True)
    assert (loose["accuracy"].ok, loose["accuracy"].accepted) == (True, None)
    assert (strict["accuracy"].ok, strict["accuracy"].accepted) == (False, 0.0)


def test_a_metric_on_one_side_only_is_not_accepted() -> None:
    check = metric_checks(evaluation(0.8), None, {"accuracy": 1.0}, every=True)["accuracy"]
    assert (check.ok, check.recorded, check.now) == (False, 0.8, None)


def test_no_metric_at_all_is_no_agreement() -> None:
    assert not accepted(metric_checks(None, None, {}, every=True))
    absent = metric_checks(evaluation(0.8), evaluation(0.8), {"lift": 0.1}, every=False)
    assert (absent["lift"].ok, accepted(absent)) == (False, False)
    assert accepted(metric_checks(evaluation(0.8), evaluation(0.8), {}, every=False))


def test_slices_that_measure_otherwise_are_named() -> None:
    assert evaluation_check(evaluation(0.8), evaluation(0.8)).ok
    check = evaluation_check(evaluation(0.8, 0.5), evaluation(0.8, 0.75))
    assert not check.ok
    assert check.actual == "different values for red accuracy"


@pytest.mark.parametrize("where", ["overall", "slice"])
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"rows": 99}, "rows"),
        ({"intervals": {"accuracy": (0.8, 1.0)}}, "interval of accuracy"),
        ({"baseline": {"accuracy": 0.1}}, "baseline of accuracy"),
        ({"parts": ("accuracy",)}, "part accuracy"),
    ],
)
def test_a_false_number_of_rows_interval_or_baseline_is_named(
    where: str, changed: dict[str, Any], named: str
) -> None:
    assert set(MetricValues.model_fields) == {"rows", "values", "intervals", "baseline", "parts"}
    true = evaluation(0.8, 0.5)
    overall = true.overall.model_copy(update=changed if where == "overall" else {})
    red = true.slices["red"].model_copy(update=changed if where == "slice" else {})
    check = evaluation_check(Evaluation(overall=overall, slices={"red": red}), true)
    assert not check.ok
    assert f"{'all' if where == 'overall' else 'red'} {named}" in check.actual


def test_predictions_differ_by_their_last_bit() -> None:
    one = Predictions(["a"], np.array([[0.3, 0.7]]))
    other = Predictions(["a"], np.array([[np.nextafter(0.3, 1), 0.7]]))
    assert identical(one, one, "classification")
    assert not identical(one, other, "classification")
    assert largest_difference(one, other, "classification") == pytest.approx(5.6e-17, rel=0.1)
    assert label_flips(one, Predictions(["b"], None), "classification") == 1


def test_numbers_are_compared_bit_for_bit_and_measured() -> None:
    one, other = Predictions([1.0, None, -0.0], None), Predictions([1.5, 2.0, 0.0], None)
    assert identical(one, one, "regression")
    assert not identical(Predictions([-0.0], None), Predictions([0.0], None), "regression")
    assert largest_difference(one, other, "regression") == 0.5
    assert label_flips(one, other, "regression") is None
    assert largest_difference(Predictions(["a"], None), one, "classification") is None
