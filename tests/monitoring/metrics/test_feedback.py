"""The metrics of labels: by slice, bounded in number, each label counted once."""

from __future__ import annotations

import pytest
from served_labels import NAMES, Served


def test_labels_are_scored_by_slice_and_confused_in_binary_tasks(tmp_path) -> None:
    served = Served(tmp_path, ("no", "yes"))
    one, two, three, four = served.tokens.mint(
        ["no", "yes", "yes", None], None, [0b001, 0b011, 0b101, 0b101]
    )
    assert served.feed((one, "no"), (two, "no"), (three, "yes"), (four, "yes")) == (4, [])
    outcomes = {
        (name, outcome): served.value("model_feedback_total", slice=name, outcome=outcome)
        for name in NAMES
        for outcome in ("correct", "incorrect")
    }
    assert list(outcomes.values()) == [2, 2, 0, 1, 1, 1]
    confusion = "model_feedback_confusion_total"
    cell = {"slice": "color=D", "predicted": "yes", "actual": "no"}
    assert served.value(confusion, **cell) == 1
    cell = {"slice": "__all__", "predicted": "no", "actual": "no"}
    assert served.value(confusion, **cell) == 1
    assert served.value(confusion, slice="__all__", predicted="other", actual="other") == 1
    assert served.value("model_feedback_delay_seconds_count") == 4


@pytest.mark.parametrize(("count", "cells"), [(3, 3 * 3 + 1), (10, 101), (11, 100), (40, 100)])
def test_the_confusion_of_many_classes_is_bounded_and_overall(tmp_path, count, cells) -> None:
    classes = [f"c{i}" for i in range(count)]
    served = Served(tmp_path, classes)
    last = served.tokens.mint([classes[-1]], None, [0b011])[0]
    served.feed((last, classes[-1]))
    found = [
        sample
        for metric in served.registry.collect()
        for sample in metric.samples
        if sample.name == "model_feedback_confusion_total"
    ]
    assert len(found) == cells
    assert {sample.labels["slice"] for sample in found} == {"__all__"}
    shown = classes[-1] if count <= 10 else "other"
    assert [s.labels["actual"] for s in found if s.value] == [shown]


def test_a_regression_sums_its_errors(tmp_path) -> None:
    served = Served(tmp_path, None)
    one, two, three = served.tokens.mint([2.0, 5.0, None], None, [0b001, 0b101, 1])
    accepted = served.feed((one, 3), (two, "1.5"), (three, 1.0))
    assert accepted == (2, [(2, "no_prediction")])
    squared = served.value("model_feedback_squared_error_total", slice="__all__")
    assert squared == 1 + 3.5**2
    absolute = "model_feedback_absolute_error_total"
    assert served.value(absolute, slice="__all__", direction="over") == 3.5
    assert served.value(absolute, slice="__all__", direction="under") == 1
    assert served.value(absolute, slice="large", direction="under") == 0
    assert served.value("model_feedback_total", slice="__all__", outcome="scored") == 2
    assert served.value("model_feedback_rejected_total", reason="no_prediction") == 1


def test_an_error_beyond_what_can_be_squared_leaves_the_sums_finite(tmp_path) -> None:
    served = Served(tmp_path, None)
    one, two = served.tokens.mint([1e200, 1.0], None, [0b001, 0b001])
    assert served.feed((one, -1e200), (two, 3)) == (2, [])
    squared = served.value("model_feedback_squared_error_total", slice="__all__")
    assert squared == pytest.approx(1e290)
    absolute = "model_feedback_absolute_error_total"
    assert served.value(absolute, slice="__all__", direction="over") == 2e200
    assert served.value(absolute, slice="__all__", direction="under") == 2
