from __future__ import annotations

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from served_answers import NAMES, ServedAnswers, output

from monitoring.metrics.output_feedback import (
    OUTPUT_REJECTIONS,
    OutputFeedbackMetrics,
    OutputResult,
    ScoredAnswer,
)
from monitoring.metrics.registry import Series
from monitoring.scoring.measures import ROW_MEASURES
from monitoring.scoring.outputs import measured_slices, with_parts


def test_every_series_exists_at_zero_from_the_start(tmp_path) -> None:
    served = ServedAnswers(tmp_path, [output("p", "number"), output("t", "labels", ("a", "b"))])
    for place in NAMES:
        assert served.value("model_feedback_total", slice=place, outcome="scored") == 0
        for name, measure in (("p", "mae"), ("p", "bias_over"), ("t", "jaccard")):
            assert served.measure(name, measure, place) == (0, 0)
    for reason in OUTPUT_REJECTIONS:
        assert served.value("model_feedback_rejected_total", reason=reason) == 0
    for outcome in ("true_positive", "false_positive", "false_negative"):
        where = {"output": "t", "label": "a", "outcome": outcome}
        assert served.value("model_output_labels_total", **where) == 0
    assert served.value("model_output_unmeasured_slices", output="p") == 0
    assert (
        served.value("model_output_measure_squared_total", output="p", measure="mae", slice="large")
        == 0
    )


def test_the_ratio_of_two_counters_is_the_mean_that_the_evaluation_computes(tmp_path) -> None:
    served = ServedAnswers(tmp_path, [output("p", "quantiles", levels=(0.1, 0.5, 0.9))])
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(200, 4))
    answers = [dict(zip(("0.1", "0.5", "0.9"), row[1:].tolist(), strict=True)) for row in rows]
    truths = rows[:, 0].tolist()
    tokens = served.tokens.mint(answers, None, [1] * 200)
    assert served.feed(*zip(tokens, answers, truths, strict=True)) == (200, [])
    expected = ROW_MEASURES["quantiles"](truths, answers, served.outputs[0].form)
    assert (expected["width"] < 0).any()  # quantiles may cross, and a counter can't fall
    for name, values in expected.items():
        if name == "width":
            high, count = served.measure("p", "width_over")
            low, _ = served.measure("p", "width_under")
            total = (high or 0.0) - (low or 0.0)
        else:
            total, count = served.measure("p", name)
        assert count == 200
        np.testing.assert_allclose(total, values.sum())
    squared = served.value(
        "model_output_measure_squared_total", output="p", measure="pinball", slice="__all__"
    )
    np.testing.assert_allclose(squared, (expected["pinball"] ** 2).sum())


def test_each_step_of_a_forecast_counts_once_whenever_it_comes(tmp_path) -> None:
    steps = output("p", "quantiles", levels=(0.1, 0.9), size=3)
    served = ServedAnswers(tmp_path, [steps])
    answer = {"0.1": [0.0, 0.0, 0.0], "0.9": [10.0, 10.0, 10.0]}
    token = served.token(answer)
    assert served.feed((token, answer, {"0": 5.0})) == (1, [])
    assert served.feed((token, answer, {"0": 5.0})) == (0, [(0, "duplicate")])
    assert served.feed((token, answer, [5.0, 12.0, None])) == (1, [])
    assert served.feed((token, answer, {"3": 1.0})) == (0, [(0, "unknown_part")])
    assert served.feed((token, answer, 5.0)) == (0, [(0, "not_numbers")])
    covered, count = served.measure("p", "coverage")
    assert (covered, count) == (pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_labels_of_a_set_beyond_the_limit_are_counted_together(tmp_path) -> None:
    many = tuple(f"l{place:02}" for place in range(30))
    served = ServedAnswers(tmp_path, [output("t", "labels", many)])
    answer = ["l00", "l20", "l21"]
    assert served.feed((served.token(answer), answer, ["l00", "l20"])) == (1, [])
    found = {
        (label, outcome): served.value(
            "model_output_labels_total", output="t", label=label, outcome=outcome
        )
        for label in ("l00", "l20", "other")
        for outcome in ("true_positive", "false_positive")
    }
    assert found["l00", "true_positive"] == 1
    assert found["l20", "true_positive"] is None
    assert (found["other", "true_positive"], found["other", "false_positive"]) == (1, 1)


def test_only_what_is_new_of_a_label_counts() -> None:
    (one,) = with_parts([output("n", "numbers", size=2)])
    result = OutputResult(one, [1.0, 2.0], {0: 1.0, 1: 2.0}, (0, 1))
    whole = ScoredAnswer(1, True, 0.0, (result,))
    assert whole.only([True, True, True]) == whole
    part = whole.only([False, False, True])
    assert part is not None
    assert (part.first, part.results[0].parts) == (False, (1,))
    assert whole.only([True, False, False]) is None
    other = ScoredAnswer(1, False, 0.0, (result,))
    assert other.only([True]) == other
    assert other.only([False]) is None


def test_outputs_without_room_are_named() -> None:
    outputs = with_parts([output(f"o{place}", "number") for place in range(40)])
    registry = CollectorRegistry()
    OutputFeedbackMetrics(Series("m", "1", registry), NAMES, outputs)
    left_out = [
        registry.get_sample_value(
            "model_output_unmeasured_slices", {"model": "m", "version": "1", "output": name}
        )
        for name in ("o0", "o7", "other", "o8")
    ]
    room = sum(measured_slices(outputs, len(NAMES)).values())
    assert room == 15
    assert left_out == [2, 2, 40 * len(NAMES) - room - 16, None]
