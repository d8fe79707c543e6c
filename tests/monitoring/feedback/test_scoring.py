from __future__ import annotations

import pytest
from served_labels import Served


def test_an_actual_that_is_no_class_is_refused_and_its_token_stays_good(tmp_path) -> None:
    served = Served(tmp_path, ("no", "yes"))
    (token,) = served.tokens.mint(["yes"], None, [0b011])
    assert served.feed((token, "perhaps")) == (0, [(0, "not_a_class")])
    assert served.value("model_feedback_rejected_total", reason="not_a_class") == 1
    assert served.value("model_feedback_total", slice="__all__", outcome="incorrect") == 0
    assert served.feed((token, "no")) == (1, [])
    assert served.value("model_feedback_total", slice="color=D", outcome="incorrect") == 1


NULLS = [None, float("nan"), "", "  ", "NaN", "nan", "None", "null", "NULL", "NaT", "<NA>", "N/A"]


@pytest.mark.parametrize("classes", [("no", "yes"), (0, 1), (False, True), (0.5, 1.5), None])
def test_a_null_is_skipped_and_its_token_stays_good(tmp_path, classes) -> None:
    served = Served(tmp_path, classes)
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
def test_a_class_that_is_called_as_a_null_is_a_class(tmp_path, name) -> None:
    served = Served(tmp_path, (name, "yes"))
    one, two, three = served.tokens.mint(["yes", name, name], None, [1, 1, 1])
    assert served.feed((one, name), (two, name), (three, None)) == (2, [])
    assert served.value("model_feedback_total", slice="__all__", outcome="correct") == 1
    assert served.value("model_feedback_skipped_total") == 1
    if name:  # nearly the class: neither the class nor a null
        assert served.feed((three, name.swapcase())) == (0, [(0, "not_a_class")])
        assert served.feed((three, "")) == (0, [])


def test_no_label_counts_twice(tmp_path) -> None:
    served, other = Served(tmp_path, ("a", "b")), Served(tmp_path, ("a", "b"))
    one, two = served.tokens.mint(["a", "b"], None, [1, 1])
    assert served.feed((one, "a"), (one, "b"), (two, "b")) == (2, [(1, "duplicate")])
    assert other.feed((two, "a"), (one, "a")) == (0, [(0, "duplicate"), (1, "duplicate")])
    assert served.value("model_feedback_total", slice="__all__", outcome="correct") == 2
    assert other.value("model_feedback_total", slice="__all__", outcome="incorrect") == 0
    assert other.value("model_feedback_rejected_total", reason="duplicate") == 2


def test_another_version_s_predictions_are_counted_apart(tmp_path) -> None:
    old, new = Served(tmp_path, ("a", "b"), "1" * 64), Served(tmp_path, ("a", "b", "c"), "2" * 64)
    (token,) = old.tokens.mint(["a"], None, [0b111])
    assert new.feed((token, "a")) == (1, [])
    assert new.value("model_feedback_total", slice="__all__", outcome="correct") == 0
    labels = {"model": "m", "version": "other", "slice": "__all__", "outcome": "correct"}
    assert new.registry.get_sample_value("model_feedback_total", labels) == 1
    assert old.feed((token, "a")) == (0, [(0, "duplicate")])


def test_each_refusal_has_its_reason(tmp_path) -> None:
    served = Served(tmp_path, ("a", "b"))
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
