"""Answers of members in bounded memory."""

from __future__ import annotations

import numpy as np

from modelhost.predictions import Predictions
from modelhost.solution.kept_answers import KeptAnswers


def found(rows: int) -> Predictions:
    return Predictions([1.5] * rows, np.zeros((rows, 2)))


def test_what_was_not_asked_for_since_longest_is_dropped() -> None:
    one = KeptAnswers()
    one.keep("text", "a", found(1_000))
    assert 40_000 <= one.bytes <= 60_000
    kept = KeptAnswers(2 * one.bytes)
    for digest in "ab":
        kept.keep("text", digest, found(1_000))
    assert kept.find("text", "a") is not None
    kept.keep("text", "c", found(1_000))
    assert [kept.find("text", digest) is None for digest in "abc"] == [False, True, False]
    assert kept.find("price", "a") is None
    assert kept.bytes == 2 * one.bytes
    kept.keep("text", "c", found(1_000))
    assert kept.bytes == 2 * one.bytes


def test_answers_larger_than_the_limit_are_not_kept() -> None:
    kept = KeptAnswers(1_000)
    kept.keep("text", "a", found(1_000))
    assert (kept.find("text", "a"), kept.bytes) == (None, 0)


def test_lists_and_outputs_count_with_what_they_hold() -> None:
    kept = KeptAnswers()
    kept.keep("text", "a", Predictions([[0.5] * 100] * 50, None))
    assert kept.bytes > 50 * 100 * 24
    before = kept.bytes
    kept.keep("text", "b", Predictions([{"words": "x" * 1_000}] * 50, None))
    assert kept.bytes - before > 50_000
