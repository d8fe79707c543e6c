from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.labels import Classes, InvalidError, Numbers
from monitoring.feedback.scoring import Scorer, settle
from monitoring.feedback.sqlite_store import SqliteTokenStore
from monitoring.feedback.tokens import Tokens
from monitoring.metrics.feedback import FeedbackMetrics
from monitoring.metrics.registry import Series

KEYS = FeedbackKeys(1, {1: b"k" * 32})
NAMES = ("__all__", "color=D", "large")
NOW = 1_700_000_000


class Served:
    """One version of a package, its labels and its counters."""

    def __init__(self, folder: Any, classes: Any, root: str = "a" * 64) -> None:
        self.registry = CollectorRegistry()
        self.tokens = Tokens(KEYS, root, classes, now=lambda: NOW)
        self.scorer = Scorer(self.tokens, classes)
        self.metrics = FeedbackMetrics(Series("m", "1", self.registry), NAMES, classes)
        self.seen = SqliteTokenStore(folder)

    def feed(self, *pairs: tuple[Any, Any]) -> tuple[int, list[tuple[int, str]]]:
        found = settle(self.scorer.verify(pairs), self.seen, self.metrics)
        assert found.accepted + found.skipped + len(found.rejected) == len(pairs)
        return found.accepted, [(one.index, one.reason) for one in found.rejected]

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"model": "m", "version": "1"} | labels)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def test_labels_are_scored_by_slice_and_confused_in_binary_tasks(folder) -> None:
    served = Served(folder, ("no", "yes"))
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


def test_an_actual_that_is_no_class_is_refused_and_its_token_stays_good(folder) -> None:
    served = Served(folder, ("no", "yes"))
    (token,) = served.tokens.mint(["yes"], None, [0b011])
    assert served.feed((token, "perhaps")) == (0, [(0, "not_a_class")])
    assert served.value("model_feedback_rejected_total", reason="not_a_class") == 1
    assert served.value("model_feedback_total", slice="__all__", outcome="incorrect") == 0
    assert served.feed((token, "no")) == (1, [])
    assert served.value("model_feedback_total", slice="color=D", outcome="incorrect") == 1


NULLS = [None, float("nan"), "", "  ", "NaN", "nan", "None", "null", "NULL", "NaT", "<NA>", "N/A"]


@pytest.mark.parametrize("classes", [("no", "yes"), (0, 1), (False, True), (0.5, 1.5), None])
def test_a_null_is_skipped_and_its_token_stays_good(folder, classes) -> None:
    served = Served(folder, classes)
    label = 2.0 if classes is None else classes[1]
    (token,) = served.tokens.mint([label], None, [1])
    for null in NULLS:
        assert served.feed((token, null)) == (0, [])
    assert served.value("model_feedback_skipped_total") == len(NULLS)
    assert served.feed(("any text", None)) == (0, [])  # nothing of it is to be counted
    assert served.feed((token, label)) == (1, [])
    outcome = "scored" if classes is None else "correct"
    assert served.value("model_feedback_total", slice="__all__", outcome=outcome) == 1


@pytest.mark.parametrize("name", ["None", "NA", "null", "nan", ""])
def test_a_class_that_is_called_as_a_null_is_a_class(folder, name) -> None:
    served = Served(folder, (name, "yes"))
    one, two, three = served.tokens.mint(["yes", name, name], None, [1, 1, 1])
    assert served.feed((one, name), (two, name), (three, None)) == (2, [])
    assert served.value("model_feedback_total", slice="__all__", outcome="correct") == 1
    assert served.value("model_feedback_skipped_total") == 1
    if name:  # nearly the class: neither the class nor a null
        assert served.feed((three, name.swapcase())) == (0, [(0, "not_a_class")])
        assert served.feed((three, "")) == (0, [])


@pytest.mark.parametrize(("count", "cells"), [(3, 3 * 3 + 1), (10, 101), (11, 100), (40, 100)])
def test_the_confusion_of_many_classes_is_bounded_and_overall(folder, count, cells) -> None:
    classes = [f"c{i}" for i in range(count)]
    served = Served(folder, classes)
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


def test_a_regression_sums_its_errors(folder) -> None:
    served = Served(folder, None)
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


def test_no_label_counts_twice(folder) -> None:
    served, other = Served(folder, ("a", "b")), Served(folder, ("a", "b"))
    one, two = served.tokens.mint(["a", "b"], None, [1, 1])
    assert served.feed((one, "a"), (one, "b"), (two, "b")) == (2, [(1, "duplicate")])
    assert other.feed((two, "a"), (one, "a")) == (0, [(0, "duplicate"), (1, "duplicate")])
    assert served.value("model_feedback_total", slice="__all__", outcome="correct") == 2
    assert other.value("model_feedback_total", slice="__all__", outcome="incorrect") == 0
    assert other.value("model_feedback_rejected_total", reason="duplicate") == 2


def test_another_version_s_predictions_are_counted_apart(folder) -> None:
    old, new = Served(folder, ("a", "b"), "1" * 64), Served(folder, ("a", "b", "c"), "2" * 64)
    (token,) = old.tokens.mint(["a"], None, [0b111])
    assert new.feed((token, "a")) == (1, [])
    assert new.value("model_feedback_total", slice="__all__", outcome="correct") == 0
    labels = {"model": "m", "version": "other", "slice": "__all__", "outcome": "correct"}
    assert new.registry.get_sample_value("model_feedback_total", labels) == 1
    assert old.feed((token, "a")) == (0, [(0, "duplicate")])


def test_each_refusal_has_its_reason(folder) -> None:
    served = Served(folder, ("a", "b"))
    one, two = served.tokens.mint(["a", "b"], None, [1, 1])
    forged = one[:-1] + ("A" if one[-1] != "A" else "B")
    found = served.feed((None, "a"), (forged, "a"), (one, "x"), (two, ["a"]), (two, "b"))
    assert found == (
        1,
        [
            (0, "malformed"),
            (1, "bad_signature"),
            (2, "not_a_class"),
            (3, "not_a_class"),
        ],
    )
    assert served.feed((one, "a")) == (1, [])  # an invalid label doesn't use the token up


@pytest.mark.parametrize(
    ("actual", "classes", "expected"),
    [
        ("1", (0, 1), 1),
        (1.0, (0, 1), 1),
        (True, (0, 1), 1),
        ("2.5", (1, 2.5), 2.5),
        ("1", (1, 2.5), 1),
        ("1.0", (0, 1), 1),
        ("true", (0, 1), 1),
        ("3.0", ("1", "3"), "3"),
        (2**53 + 1, (2**53, 2**53 + 1), 2**53 + 1),
        (str(2**53), (2**53, 2**53 + 1), 2**53),
        (1, ("1", "2"), "1"),
        (2.0, ("1", "2"), "2"),
        (2.0, ("1.0", "2.0"), "2.0"),
        (True, ("true", "false"), "true"),
        (True, ("True", "False"), "True"),
        ("Ideal", ("Ideal",), "Ideal"),
        ("true", (False, True), True),
        (0, (False, True), False),
        (1.0, (False, True), True),
        ("False", (False, True), False),
    ],
)
def test_a_label_is_read_in_the_type_of_the_classes(actual, classes, expected) -> None:
    assert not Classes(classes).is_absent(actual)
    found = Classes(classes).read(actual)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("actual", "classes"),
    [
        ({}, ("a",)),
        ("A", ("a",)),
        ("x", ()),
        ("x", (0, 1)),
        (7, (0, 1)),
        ("0.5", (0, 1)),
        (float("inf"), (0, 1)),
        ("1_0", (0, 10)),
        ("9" * 5000, (0, 1)),
        (10**400, (0.5, 1.5)),
        (2**53 + 1, (float(2**53), 1.5)),
        (2, (False, True)),
        ("yes", (True, False)),
    ],
)
def test_what_cannot_be_a_label_is_refused(actual, classes) -> None:
    assert not Classes(classes).is_absent(actual)
    with pytest.raises(InvalidError, match="not_a_class"):
        Classes(classes).read(actual)


@pytest.mark.parametrize("actual", [True, "x", "inf", "-Infinity", "1_000", "1,5", [1], 10**400])
def test_what_is_no_finite_number_is_refused(actual) -> None:
    assert not Numbers().is_absent(actual)
    with pytest.raises(InvalidError, match="not_a_number"):
        Numbers().read(actual)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_may_come_as_text(value: float) -> None:
    assert Numbers().read(repr(value)) == Numbers().read(value) == value
