"""Slices from counters: independent labels, looks again and again, several tests."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitoring.stats.accuracy import MeanBaseline, mean_z, share_z
from packager.replicas.counters import CounterTotals
from packager.replicas.slices import slice_drifts


def accuracy(right: float, wrong: float, effect: float = 1.0) -> CounterTotals:
    slices = ("__all__", "far")
    values = {
        "model_slice_predictions_total": {(one,): 1_000.0 for one in slices},
        "model_feedback_total": {
            **{(one, "correct"): right for one in slices},
            **{(one, "incorrect"): wrong for one in slices},
        },
        "model_slice_baseline_accuracy_ratio": {(one,): 0.85 for one in slices},
        "model_slice_baseline_effective_rows": {(one,): 800.0 for one in slices},
        "model_label_design_effect": {(): effect},
    }
    return CounterTotals("m", "1", "", values, cumulative=False)


def errors(variance: float = 1.0) -> CounterTotals:
    values = {
        "model_feedback_total": {("__all__", "scored"): 240.0},
        "model_feedback_absolute_error_total": {("__all__",): 480.0},
        "model_feedback_squared_error_total": {("__all__",): 1_200.0},
        "model_slice_baseline_mae": {("__all__",): 1.6},
        "model_slice_baseline_error_variance": {("__all__",): variance},
        "model_slice_baseline_effective_rows": {("__all__",): 800.0},
    }
    return CounterTotals("m", "1", "", values, cumulative=False)


def test_labels_are_divided_by_the_larger_design_effect() -> None:
    for package, asked, expected in ((1.0, 1.0, 1.0), (4.0, 1.0, 4.0), (2.0, 4.0, 4.0)):
        one = slice_drifts(accuracy(300, 100, package), asked)[0]
        assert one.design_effect == expected
        assert one.z == share_z(300 / expected, 400 / expected, 0.85, 800)
    assert slice_drifts(accuracy(300, 100), 1.0)[0].verdict == "worse"
    assert slice_drifts(accuracy(300, 100, 4.0), 1.0)[0].verdict == "ok"
    assert slice_drifts(accuracy(300, 100, 9.0), 1.0)[0].verdict == "too few labels"


def test_an_error_is_tested_with_the_variance_of_the_package() -> None:
    (one,) = slice_drifts(errors(), 1.0)
    assert one.z == mean_z(2.0, 1.0, 240, MeanBaseline(1.6, 1.0, 800))
    assert one.regressed
    assert not slice_drifts(errors(variance=16.0), 1.0)[0].regressed
    assert math.isnan(slice_drifts(errors(variance=math.nan), 1.0)[0].z)


def test_counters_that_grow_need_a_change_that_holds_at_every_look() -> None:
    """72 of 95 right instead of 85 %: the alert would fire, but at some look chance does that."""
    window = slice_drifts(accuracy(171, 59), 1.0)[1]
    assert (window.verdict, window.z < -3.3) == ("worse", True)
    assert math.isnan(window.change_low)
    growing = replace(accuracy(171, 59), cumulative=True)
    one = slice_drifts(growing, 1.0)[1]
    assert one.z == window.z
    assert one.verdict == "ok"
    assert one.change_low < one.score - 0.85 < 0 < one.change_high
    more = slice_drifts(replace(accuracy(700, 300), cumulative=True), 1.0)[1]
    assert (more.verdict, more.change_high < 0) == ("worse", True)


def test_q_is_adjusted_for_the_slices() -> None:
    totals = accuracy(300, 100)
    feedback = dict(totals.of("model_feedback_total"))
    feedback["far", "correct"], feedback["far", "incorrect"] = 340.0, 60.0
    found = slice_drifts(
        replace(totals, values={**totals.values, "model_feedback_total": feedback}), 1.0
    )
    assert [one.q for one in found] == pytest.approx([2 * found[0].p, found[1].p])
    assert found[0].p < 1e-4 < found[1].p == pytest.approx(0.5)
