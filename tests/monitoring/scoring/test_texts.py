"""Metrics of text and of JSON."""

from __future__ import annotations

import pytest

from monitoring.scoring.texts import (
    json_metrics,
    span_columns,
    span_metrics,
    text_columns,
    text_metrics,
    token_overlap,
    top_columns,
    top_metrics,
)


def test_words_in_common() -> None:
    found = text_columns(["the red fox"], ["red fox"])
    assert found["exact_match"].tolist() == [0.0]
    assert found["token_f1"] == pytest.approx([0.8])
    assert token_overlap("", "") == 1
    assert token_overlap("a a b", "a c") == pytest.approx(0.4)


def test_texts_have_lengths_and_unanswered_rows() -> None:
    found = text_metrics(["ab", "cd"], ["ab", None])
    assert found["exact_match"].value == 0.5
    assert found["length_mean"].value == 2
    assert found["unanswered"].value == 0.5
    assert "exact_match" not in text_metrics(None, ["ab"])


@pytest.mark.parametrize(
    ("truth", "answer", "equal"),
    [
        ({"a": [1, 2]}, {"a": [1.0, 2]}, 1),
        ({"a": 1}, {"a": True}, 0),
        ([1, 2], [2, 1], 0),
        (None, None, 1),
        (None, False, 0),
    ],
)
def test_values_of_json_are_equal_by_value(truth, answer, equal) -> None:
    assert json_metrics([truth], [answer])["exact_match"].value == equal


def test_recommendations_count_the_first_items() -> None:
    found = top_metrics([[1, 2], 7, []], [[1, 9, 2], [7], [3]], 2)
    assert found["recall_at_2"].value == pytest.approx(0.75)
    assert found["hit_rate_at_2"].value == 1


def test_spans_are_right_only_as_a_whole() -> None:
    truth = [[[0, 3, "P"], [5, 8, "L"]], []]
    found = span_metrics(truth, [[[0, 3.0, "P"], [5, 8, "P"]], [[1, 2, "P"]]])
    assert found["span_precision"].value == pytest.approx(1 / 3)
    assert found["span_recall"].value == pytest.approx(1 / 2)
    assert found["span_f1"].value == pytest.approx(0.4)


def test_spans_may_be_objects_of_any_order() -> None:
    found = span_metrics([[{"start": 0, "label": "P"}]], [[{"label": "P", "start": 0}]])
    assert found["span_f1"].value == 1


def test_measures_of_a_row_add_up_to_the_metrics() -> None:
    columns = top_columns([[1, 2], 7, []], [[1, 9, 2], [7], [3]], 2)
    assert columns["recall_at_2"].tolist()[:2] == [0.5, 1.0]
    assert columns["hit_rate_at_2"].tolist()[:2] == [1.0, 1.0]
    assert all(column[2] != column[2] for column in columns.values())
    spans = span_columns([[[0, 3, "P"], [5, 8, "L"]], []], [[[0, 3, "P"]], [[1, 2, "P"]]])
    assert {name: column.tolist() for name, column in spans.items()} == {
        "spans_right": [1, 0],
        "spans_answered": [1, 1],
        "spans_expected": [2, 0],
    }
