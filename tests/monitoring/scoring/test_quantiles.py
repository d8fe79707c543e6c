"""Metrics of quantiles, against the definitions and scikit-learn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss

from modelhost.output_spec import OutputSpec
from modelhost.outputs import predict_outputs
from modelhost.text import number_name as host_name
from monitoring.scoring.levels import number_name
from monitoring.scoring.quantiles import quantile_columns, quantile_metrics

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


def answers(array: np.ndarray, levels: tuple[float, ...] = LEVELS) -> list[dict[str, float]]:
    return [dict(zip([f"{level:g}" for level in levels], row, strict=True)) for row in array]


def test_pinball_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    truth = random.normal(size=80)
    given = np.sort(random.normal(size=(80, 5)), axis=1)
    found = quantile_metrics(truth.tolist(), answers(given), LEVELS)
    for place, level in enumerate(LEVELS):
        wanted = mean_pinball_loss(truth, given[:, place], alpha=level)
        assert found[f"pinball_{level:g}"].value == pytest.approx(wanted)
    inside = (given[:, 1] <= truth) & (truth <= given[:, 3])
    assert found["coverage_0.5"].value == pytest.approx(inside.mean())
    assert found["width_0.5"].value == pytest.approx((given[:, 3] - given[:, 1]).mean())
    assert found["crossings"].value == 0


def test_quantiles_against_the_definition() -> None:
    found = quantile_columns([5.0, 12.0], [{"0.1": 0.0, "0.9": 10.0}] * 2, (0.1, 0.9))
    assert found["pinball_0.1"] == pytest.approx([0.5, 1.2])
    assert found["pinball_0.9"] == pytest.approx([0.5, 1.8])
    assert found["coverage"].tolist() == [1.0, 0.0]
    assert found["width"].tolist() == [10.0, 10.0]
    assert "coverage_0.8" not in found


def test_each_step_has_its_metrics_and_a_row_is_the_mean_of_its_steps() -> None:
    truth = [[5.0, 12.0], [5.0, None]]
    given = [{"0.1": [0.0, 0.0], "0.9": [10.0, 10.0]}, {"0.1": [6.0, 0.0], "0.9": [10.0, 10.0]}]
    rows = quantile_columns(truth, given, (0.1, 0.9))
    assert rows["coverage"].tolist() == [0.5, 0.0]
    assert rows["pinball_0.1"] == pytest.approx([(0.5 + 1.2) / 2, 0.9])
    found = quantile_metrics(truth, given, (0.1, 0.9), ["day1", "day2"])
    assert found["coverage_day1"].value == 0.5
    assert found["coverage_day2"].value == 0.0
    assert found["pinball_day2"].value == pytest.approx((1.2 + 1.8) / 2)
    assert found["width_day1"].part
    assert "unanswered" not in found
    numbered = quantile_metrics(truth, given, (0.1, 0.9))
    assert numbered["pinball_2"] == found["pinball_day2"]


def test_a_step_without_an_answer_is_a_share_of_its_row() -> None:
    given = [{"0.1": [0.0, None], "0.9": [1.0, 1.0]}, None]
    found = quantile_metrics([[0.5, 0.5], [0.5, 0.5]], given, (0.1, 0.9))
    assert found["unanswered"].value == 0.75
    assert found["coverage"].value == 1.0


def test_crossings_are_counted() -> None:
    found = quantile_metrics(
        [0.0, 0.0], answers(np.array([[0, 2.0], [2.0, 0]]), (0.1, 0.9)), (0.1, 0.9)
    )
    assert found["crossings"].value == 0.5


def test_a_row_without_an_answer_is_omitted_and_counted() -> None:
    given = [{"0.1": 0.0, "0.9": 1.0}, {"0.1": None, "0.9": 1.0}, None]
    found = quantile_metrics([0.5, 0.5, 0.5], given, (0.1, 0.9))
    assert found["unanswered"].value == pytest.approx(2 / 3)
    assert found["coverage"].value == 1


def test_levels_that_are_equal_in_six_digits_have_names_of_their_own() -> None:
    levels = (0.5, 0.5000001, 0.50000012)
    names = [number_name(level) for level in levels]
    assert names == ["0.5", "0.5000001", "0.50000012"] == [host_name(level) for level in levels]
    answers = [dict(zip(names, (1.0, 2.0, 3.0), strict=True))]
    found = quantile_columns([2.0], answers, levels)
    assert {f"pinball_{name}" for name in names} <= found.keys()
    assert found["pinball_0.5000001"][0] == 0
    (read,) = predict_outputs(
        SimpleNamespace(predict=lambda _: np.array([[1.0, 2.0, 3.0]])),
        [None],
        [OutputSpec("q", "quantiles", levels=levels)],
    ).labels
    assert read == answers[0]


@given(st.floats(1e-9, 1e9))
def test_a_number_has_one_name_which_is_as_short_as_before(value: float) -> None:
    assert float(number_name(value)) == value
    assert number_name(value) == host_name(value)
    assert number_name(round(value, 3)) in (f"{round(value, 3):g}", repr(round(value, 3)))


def test_usual_names_are_as_they_were() -> None:
    assert [*map(number_name, (0.05, 0.5, 12.0, 1e-5))] == ["0.05", "0.5", "12", "1e-05"]
