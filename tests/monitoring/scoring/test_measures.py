"""The measures and metrics of each kind of output."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.scoring.measures import ROW_MEASURES, OutputForm, ScoredColumns, metrics_of
from monitoring.scoring.survival import kaplan_meier


@pytest.mark.parametrize(
    ("kind", "truth", "answers", "name", "expected"),
    [
        ("label", ["a", "b"], ["a", "a"], "accuracy", [1, 0]),
        ("number", [1.0, 2.0], [2.0, 4.0], "bias", [1, 2]),
        ("labels", [["a"], []], [["a"], ["a"]], "subset_accuracy", [1, 0]),
        ("numbers", [[1, 2]], [[2, None]], "mae", [1]),
        ("text", ["a b"], ["a"], "exact_match", [0]),
        ("json", [{"a": 1}], [{"a": 1}], "exact_match", [1]),
    ],
)
def test_measures_of_rows(kind, truth, answers, name, expected) -> None:
    found = ROW_MEASURES[kind](truth, answers, OutputForm(kind))
    assert found[name].tolist() == expected


@pytest.mark.parametrize("kind", ["labels", "numbers", "array", "quantiles", "text", "json"])
def test_measures_of_rows_are_of_every_row_and_their_mean_is_the_metric(kind) -> None:
    rows = {
        "labels": ([["a"], ["b"]], [["a"], []]),
        "numbers": ([[1, 2], [3, 4]], [[2, 2], [3, 3]]),
        "array": ([[1, 2], [3, 4]], [[2, 2], [3, 3]]),
        "quantiles": ([1.0, 9.0], [{"0.5": 2.0}, {"0.5": 3.0}]),
        "text": (["a b", "c"], ["a", "c"]),
        "json": ([1, 2], [1, 3]),
    }[kind]
    form = OutputForm(kind, levels=(0.5,) if kind == "quantiles" else None)
    columns = ROW_MEASURES[kind](*rows, form)
    metrics = metrics_of(ScoredColumns(rows[1], rows[0]), form)
    for name, column in columns.items():
        assert len(column) == 2
        if name != "mse":
            assert metrics[name].value == pytest.approx(column.mean())


def test_without_a_truth_each_kind_has_what_can_be_said() -> None:
    assert "clusters" in metrics_of(ScoredColumns([0, 1]), OutputForm("label"))
    assert "value_mean" in metrics_of(ScoredColumns([0.5, 1]), OutputForm("number"))
    assert "score_mean" in metrics_of(ScoredColumns([0.5, 1]), OutputForm("score"))
    assert "norm_mean" in metrics_of(ScoredColumns([[0.5, 1]]), OutputForm("array"))
    assert "length_mean" in metrics_of(ScoredColumns(["text"]), OutputForm("text"))
    assert metrics_of(ScoredColumns([{}]), OutputForm("json")) == {}


def test_tasks_have_their_own_metrics() -> None:
    ranked = ScoredColumns([2.0, 1.0], [1, 0], queries=["q", "q"])
    assert metrics_of(ranked, OutputForm("score", k=3))["ndcg_at_3"].value == 1
    risky = ScoredColumns([2.0, 1.0], [1.0, 5.0], events=[True, True])
    assert metrics_of(risky, OutputForm("score"))["concordance"].value == 1
    curve = kaplan_meier(np.array([1.0, 5.0]), np.array([False, False]))
    alive = ScoredColumns([[0.0], [1.0]], [1.0, 5.0], events=[True, True])
    form = OutputForm("numbers", times=(2.0,), censoring=curve)
    assert metrics_of(alive, form)["brier_2"].value == 0
    found = metrics_of(ScoredColumns([[1]], [[1]]), OutputForm("json", top=5, spans=True))
    assert found["recall_at_5"].value == found["span_f1"].value == 1


def test_rows_are_chosen_in_every_field() -> None:
    rows = ScoredColumns([1, 2, 3], None, np.array([[0.1], [0.2], [0.3]]), ["a", "b", "c"])
    found = rows.where(np.array([True, False, True]))
    assert found.answers == [1, 3]
    assert found.truth is None
    assert found.chances is not None
    assert found.chances.tolist() == [[0.1], [0.3]]
    assert found.queries == ["a", "c"]
