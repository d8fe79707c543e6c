"""Metrics of text, of JSON, and of lists in JSON: items in order, and spans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.scoring.metric import Floats, Metrics, mean, present, ratio
from monitoring.scoring.scores import distribution


def text_columns(truth: Sequence[Any], answers: Sequence[Any]) -> dict[str, Floats]:
    """Measures of each row, shape (rows,); a row without an answer scores 0."""
    pairs = list(zip(truth, answers, strict=True))
    return {
        "exact_match": np.array([a == b for a, b in pairs], np.float64),
        "token_f1": np.array([token_overlap(a or "", b or "") for a, b in pairs], np.float64),
    }


def text_metrics(truth: Sequence[Any] | None, answers: Sequence[Any]) -> Metrics:
    """Exact match, overlap of words, and the number of characters of the answers."""
    lengths = np.array([len(answer) for answer in answers if answer is not None], np.float64)
    metrics = distribution(lengths, "length")
    if any(answer is None for answer in answers):
        absent = np.array([answer is None for answer in answers], np.float64)
        metrics |= present({"unanswered": mean(absent, "share")})
    if truth is None:
        return metrics
    columns = text_columns(truth, answers)
    return present({name: mean(column, "share") for name, column in columns.items()}) | metrics


def token_overlap(truth: str, answer: str) -> float:
    """F1 of the words in common, as of SQuAD (Rajpurkar et al. 2016), in lower case."""
    one, other = str(truth).lower().split(), str(answer).lower().split()
    if not one or not other:
        return float(one == other)
    counts = {word: one.count(word) for word in one}
    common = sum(min(count, other.count(word)) for word, count in counts.items())
    return 2 * common / (len(one) + len(other))


def json_columns(truth: Sequence[Any], answers: Sequence[Any]) -> dict[str, Floats]:
    """Measures of each row, shape (rows,)."""
    pairs = zip(truth, answers, strict=True)
    return {"exact_match": np.array([_equal(a, b) for a, b in pairs], np.float64)}


def json_metrics(truth: Sequence[Any], answers: Sequence[Any]) -> Metrics:
    """The share of answers equal to the right one."""
    return present({"exact_match": mean(json_columns(truth, answers)["exact_match"], "share")})


def _equal(one: Any, other: Any) -> bool:
    """Whether two values of JSON are equal; true is not 1, but 1.0 is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def top_columns(truth: Sequence[Any], answers: Sequence[Any], top: int) -> dict[str, Floats]:
    """Recall of the first ``top`` items of each answer, and whether one is right; shape (rows,).

    A truth is a list of items, or one; NaN for a row without any.
    """
    recall = np.full(len(truth), np.nan)
    for row, (right, answer) in enumerate(zip(truth, answers, strict=True)):
        items = {_key(item) for item in (right if isinstance(right, list) else [right])}
        if items:
            recall[row] = len(items & {_key(item) for item in _items(answer)[:top]}) / len(items)
    hit = np.where(np.isnan(recall), np.nan, recall > 0)
    return {f"recall_at_{top}": recall, f"hit_rate_at_{top}": hit}


def top_metrics(truth: Sequence[Any], answers: Sequence[Any], top: int) -> Metrics:
    """Of the first ``top`` items of each answer: recall, and the share of rows with a right one.

    Rows without a right item are omitted.
    """
    columns = top_columns(truth, answers, top)
    return present({name: mean(column, "share") for name, column in columns.items()})


def span_columns(truth: Sequence[Any], answers: Sequence[Any]) -> dict[str, Floats]:
    """Numbers of spans of each row, shape (rows,): in both, in the answer, in the truth."""
    counts = np.zeros((3, len(truth)))
    for row, (right, answer) in enumerate(zip(truth, answers, strict=True)):
        expected, answered = ({_key(span) for span in _items(one)} for one in (right, answer))
        counts[:, row] = len(expected & answered), len(answered), len(expected)
    return dict(zip(("spans_right", "spans_answered", "spans_expected"), counts, strict=True))


def span_metrics(truth: Sequence[Any], answers: Sequence[Any]) -> Metrics:
    """Precision, recall and F1 over all spans; a span is right if it is equal to one of the truth.

    A span is a list ``[start, end, label]``, or an object, of which all entries count.
    """
    hits, answered, rights = span_columns(truth, answers).values()
    metrics = {
        "span_precision": ratio(hits, answered),
        "span_recall": ratio(hits, rights),
        "span_f1": ratio(2 * hits, rights + answered),
    }
    return present(metrics)


def _items(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else []


def _key(value: Any) -> str:
    """Equal for equal values of JSON; a whole float is its integer."""
    return json.dumps(_as_text(value), sort_keys=True)


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
