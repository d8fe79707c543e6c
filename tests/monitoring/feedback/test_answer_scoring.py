"""Labels of structured answers: whole, in parts, wrong, and sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from served_answers import ServedAnswers, output

SEVERAL = [output("price", "number"), output("city", "label", ("x", "y"))]
TAGS = [output("tags", "labels", ("a", "b", "c"))]
STEPS = [output("load", "numbers", size=3)]


def test_an_answer_that_is_changed_or_missing_has_its_own_reason(tmp_path) -> None:
    served = ServedAnswers(tmp_path, SEVERAL)
    answer = {"price": 1.5, "city": "x"}
    token = served.token(answer)
    actual = {"price": 2.0}
    assert served.feed(
        (token, None, actual),
        (token, {"price": 2.0, "city": "x"}, actual),
        (token, {"price": 1.5}, actual),
        (token, json.dumps(answer), actual),
        ("no token", answer, actual),
    ) == (
        0,
        [
            (0, "answer_missing"),
            (1, "wrong_answer"),
            (2, "wrong_answer"),
            (3, "wrong_answer"),
            (4, "malformed"),
        ],
    )
    assert served.value("model_feedback_rejected_total", reason="wrong_answer") == 3
    # The token stays good, and the order of keys and the form of numbers don't matter.
    assert served.feed((token, {"city": "x", "price": 1.5}, actual)) == (1, [])
    assert served.measure("price", "mae") == (0.5, 1)


def test_outputs_come_one_by_one_and_count_once(tmp_path) -> None:
    served = ServedAnswers(tmp_path, SEVERAL)
    answer = {"price": 1.0, "city": "x"}
    token = served.token(answer, 0b011)
    assert served.feed((token, answer, {"price": 3})) == (1, [])
    assert served.feed((token, answer, {"price": 9})) == (0, [(0, "duplicate")])
    assert served.feed((token, answer, {"price": 9, "city": "y"})) == (1, [])
    assert served.feed((token, answer, {"price": 9, "city": "y"})) == (0, [(0, "duplicate")])
    assert served.measure("price", "mae") == served.measure("price", "mae", "color=D") == (2, 1)
    assert served.measure("price", "bias_under") == (2, 1)
    assert served.measure("price", "bias_over") == (0, 1)
    assert served.measure("price", "mae", "large") == (0, 0)
    assert served.measure("city", "accuracy") == (0, 1)
    # The prediction has a label: once.
    assert served.value("model_feedback_total", slice="__all__", outcome="scored") == 1


def test_nulls_are_no_labels_yet(tmp_path) -> None:
    served = ServedAnswers(tmp_path, SEVERAL)
    answer = {"price": 1.0, "city": "x"}
    token = served.token(answer)
    nothing: list[Any] = [None, {}, {"price": None}, {"price": float("nan"), "city": ""}]
    assert served.feed(*[(token, answer, one) for one in nothing]) == (0, [])
    assert served.value("model_feedback_skipped_total") == len(nothing)
    assert served.feed((token, answer, {"price": None, "city": "x"})) == (1, [])
    assert served.measure("price", "mae") == (0, 0)
    assert served.measure("city", "accuracy") == (1, 1)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        (3, "not_by_output"),
        ([1, "x"], "not_by_output"),
        ({"cost": 1}, "unknown_output"),
        ({"price": "much"}, "not_a_number"),
        ({"price": True}, "not_a_number"),
        ({"price": 1e200}, "not_a_number"),
        ({"price": {"a": 1}}, "not_a_number"),
        ({"city": "z"}, "not_a_class"),
        ({"price": 1, "city": ["x"]}, "not_a_class"),
    ],
)
def test_an_invalid_label_is_refused_as_a_whole(tmp_path, actual, reason) -> None:
    served = ServedAnswers(tmp_path, SEVERAL)
    answer = {"price": 1.0, "city": "x"}
    token = served.token(answer)
    assert served.feed((token, answer, actual)) == (0, [(0, reason)])
    assert served.value("model_feedback_rejected_total", reason=reason) == 1
    assert served.feed((token, answer, {"price": 1, "city": "x"})) == (1, [])


def outcomes(served: ServedAnswers, label: str) -> list[float | None]:
    return [
        served.value("model_output_labels_total", output="tags", label=label, outcome=outcome)
        for outcome in ("true_positive", "false_positive", "false_negative")
    ]


def test_a_set_of_labels(tmp_path) -> None:
    served = ServedAnswers(tmp_path, TAGS)
    token = served.token(["a", "b"])
    assert served.feed((token, ["a", "b"], ["a", "c"])) == (1, [])
    assert [outcomes(served, one) for one in "abc"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert served.measure("tags", "jaccard") == (pytest.approx(1 / 3), 1)
    assert served.measure("tags", "subset_accuracy") == (0, 1)
    assert served.feed((token, ["a", "b"], {"a": False})) == (0, [(0, "duplicate")])


def test_labels_of_a_set_come_one_by_one(tmp_path) -> None:
    served = ServedAnswers(tmp_path, TAGS)
    token = served.token(["a", "b"])
    assert served.feed((token, ["a", "b"], {"a": False, "b": None})) == (1, [])
    assert served.feed((token, ["a", "b"], {"a": True, "c": "true"})) == (1, [])
    assert [outcomes(served, one) for one in "abc"] == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]
    # Of a set that came in parts no measure of the row is known.
    assert served.feed((token, ["a", "b"], ["b"])) == (1, [])
    assert outcomes(served, "b") == [1, 0, 0]
    assert served.measure("tags", "jaccard") == (0, 0)
    whole = served.token(["a"])
    assert served.feed((whole, ["a"], {"a": True, "b": False, "c": False})) == (1, [])
    assert served.measure("tags", "subset_accuracy") == (1, 1)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        ("a", "not_labels"),
        (["a", "a"], "not_labels"),
        (["z"], "not_a_class"),
        ([["a"]], "not_a_class"),
        ({"z": True}, "unknown_part"),
        ({"a": "perhaps"}, "not_a_boolean"),
        ({"a": 2}, "not_a_boolean"),
    ],
)
def test_what_is_no_set_of_labels(tmp_path, actual, reason) -> None:
    served = ServedAnswers(tmp_path, TAGS)
    assert served.feed((served.token(["a"]), ["a"], actual)) == (0, [(0, reason)])


def test_steps_come_one_by_one_and_weigh_as_much_as_they_are_of_the_row(tmp_path) -> None:
    served = ServedAnswers(tmp_path, STEPS)
    answer = [1.0, 2.0, 3.0]
    token = served.token(answer)
    assert served.feed((token, answer, {"0": 2.0})) == (1, [])
    assert served.measure("load", "mae") == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert served.feed((token, answer, {"0": 9.0, "1": None})) == (0, [(0, "duplicate")])
    assert served.feed((token, answer, [9.0, 4.0, 6.0])) == (1, [])
    assert served.measure("load", "mae") == (pytest.approx(2), pytest.approx(1))
    whole = served.token(answer)
    assert served.feed((whole, answer, [2.0, 4.0, 6.0])) == (1, [])
    assert served.measure("load", "mae") == (pytest.approx(4), pytest.approx(2))


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        ([1.0, 2.0], "not_numbers"),
        (3.0, "not_numbers"),
        ([1.0, 2.0, "x"], "not_a_number"),
        ([1.0, 2.0, {}], "not_a_number"),
        ({"3": 1.0}, "unknown_part"),
        ({"-1": 1.0}, "unknown_part"),
        ({"0": "x"}, "not_a_number"),
    ],
)
def test_what_is_no_row_of_numbers(tmp_path, actual, reason) -> None:
    served = ServedAnswers(tmp_path, STEPS)
    answer = [1.0, 2.0, 3.0]
    assert served.feed((served.token(answer), answer, actual)) == (0, [(0, reason)])


def test_other_kinds(tmp_path) -> None:
    kinds = [
        output("q", "quantiles", levels=(0.1, 0.9)),
        output("s", "score", has_target=False),
        output("t", "text"),
        output("j", "json"),
        output("group", "label", has_target=False),
        output("e", "array", size=2, has_target=False),
    ]
    served = ServedAnswers(tmp_path, kinds)
    answer = {
        **{"q": {"0.1": 1.0, "0.9": 3.0}, "s": 0.75, "t": "red fox", "j": {"a": [1]}},
        **{"group": 2, "e": [0.5, 0.5]},
    }
    token = served.token(answer)
    wrong = {"s": (2, "not_a_boolean"), "t": (2, "not_text"), "q": ("x", "not_a_number")}
    for name, (actual, reason) in wrong.items():
        assert served.feed((token, answer, {name: actual})) == (0, [(0, reason)])
    for name in ("group", "e"):
        assert served.feed((token, answer, {name: [1]})) == (0, [(0, "unscored_output")])
    actual = {"q": 2, "s": True, "t": "Fox", "j": {"a": [1]}}
    assert served.feed((token, answer, actual)) == (1, [])
    assert served.measure("q", "coverage") == (1, 1)
    assert served.measure("q", "width_over") == (2, 1)
    assert served.measure("s", "score_anomalous") == (0.75, 1)
    assert served.measure("s", "score_normal") == (0, 0)
    assert served.measure("t", "token_f1") == (pytest.approx(2 / 3), 1)
    assert served.measure("j", "exact_match") == (1, 1)


def test_an_output_without_an_answer_is_not_counted(tmp_path) -> None:
    served = ServedAnswers(tmp_path, SEVERAL)
    answer = {"price": None, "city": None}
    token = served.token(answer)
    assert served.feed((token, answer, {"price": 1})) == (0, [(0, "no_prediction")])
    # An echo that canonicalises to null is null.
    for huge in (10**400, float("inf")):
        other = {"price": huge, "city": None}
        assert served.feed((token, other, {"price": 1})) == (0, [(0, "no_prediction")])
    # No class is a wrong class, as it is of a classifier.
    assert served.feed((token, answer, {"price": 1, "city": "x"})) == (1, [])
    assert served.measure("price", "mae") == (0, 0)
    assert served.measure("city", "accuracy") == (0, 1)


def test_a_label_counts_at_one_version_only(tmp_path) -> None:
    old = ServedAnswers(tmp_path, SEVERAL, "b" * 64)
    new = ServedAnswers(tmp_path, SEVERAL)
    answer = {"price": 1.0, "city": "x"}
    token = old.token(answer)
    item = token, answer, {"price": 2.0}
    assert new.feed(item) == (1, [])
    assert new.feed(item) == (0, [(0, "duplicate")])
    other = {"model": "m", "version": "other", "slice": "__all__", "outcome": "scored"}
    assert new.registry.get_sample_value("model_feedback_total", other) == 1
    assert new.measure("price", "mae") == (0, 0)
    # Its own version measures it, and counts no further prediction with a label.
    assert old.feed(item) == (1, [])
    assert old.measure("price", "mae") == (1, 1)
    assert old.value("model_feedback_total", slice="__all__", outcome="scored") == 0
    strange = ServedAnswers(tmp_path, STEPS, "c" * 64)
    assert strange.feed((token, answer, [1, 2, 3])) == (0, [(0, "unknown_version")])


@pytest.mark.slow
@settings(max_examples=many(60), deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["0", "1", "2"]), st.just(5.0)), max_size=8))
def test_whatever_the_parts_each_counts_once(tmp_path_factory, parts) -> None:
    served = ServedAnswers(tmp_path_factory.mktemp("parts"), STEPS)
    answer = [1.0, 2.0, 3.0]
    token = served.token(answer)
    served.feed(*[(token, answer, actual) for actual in parts])
    known = {int(step) for actual in parts for step in actual}
    expected = sum(5.0 - answer[step] for step in known) / 3
    total, count = served.measure("load", "mae")
    assert (total, count) == (pytest.approx(expected), pytest.approx(len(known) / 3))
    first = served.value("model_feedback_total", slice="__all__", outcome="scored")
    assert first == bool(known)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.sampled_from(["", "a", "b", "nan", "0", "true", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "0", "1", "0.5"]), inner, max_size=3)
    ),
    max_leaves=6,
)
LOOSE = [
    *[output(kind, kind) for kind in ("number", "score", "label", "labels", "numbers", "array")],
    *[output(kind, kind) for kind in ("text", "json")],
    output("quantiles", "quantiles", levels=(0.5,)),
    output("classes", "labels", ("a", "b", 0)),
]


@pytest.mark.slow
@settings(max_examples=many(150), deadline=None)
@given(st.sampled_from(LOOSE), st.lists(st.tuples(ODD, ODD), min_size=1, max_size=4))
def test_no_answer_and_no_label_breaks_the_counting(tmp_path_factory, one, pairs) -> None:
    served = ServedAnswers(tmp_path_factory.mktemp("odd"), [one])
    items = [(served.token(answer), answer, actual) for answer, actual in pairs]
    accepted, rejected = served.feed(*items)
    assert "wrong_answer" not in {reason for _, reason in rejected}
    assert served.feed(*items)[0] == 0
    counted = served.value("model_feedback_total", slice="__all__", outcome="scored")
    assert counted == accepted
    for metric in served.registry.collect():
        for sample in metric.samples:
            assert 0 <= sample.value < float("inf"), sample


def test_rows_of_any_length_are_counted_together(tmp_path) -> None:
    served = ServedAnswers(tmp_path, [output("n", "numbers")])
    answers = [[1.0], [1.0, 2.0, 3.0], [[5.0, None]]]
    labels: list[Any] = [[2.0], [2.0, 4.0, 6.0], [6.0, 9.0]]
    items = [(served.token(a), a, b) for a, b in zip(answers, labels, strict=True)]
    assert served.feed(*items) == (3, [])
    assert served.measure("n", "mae") == (1 + 2 + 1, 3)
    more = [(served.token([1.0]), [1.0], actual) for actual in ([1.0, 2.0], {"0": 1.0})]
    assert served.feed(*more) == (0, [(0, "not_numbers"), (1, "unknown_part")])


@pytest.mark.parametrize("answer", [["a"], [[1.0], {}], {"0.5": "a"}, 3, [True]])
def test_an_answer_of_another_form_is_of_another_version(tmp_path, answer) -> None:
    for one in (output("n", "numbers"), output("n", "quantiles", levels=(0.5,))):
        served = ServedAnswers(tmp_path / one.form.kind, [one])
        item = served.token(answer), answer, [1.0] if one.form.kind == "numbers" else 1.0
        assert served.feed(item) == (0, [(0, "unknown_version")])
