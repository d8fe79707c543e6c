"""Vocabularies: bounded, and a row is no reference for its own words."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.derived import vocabulary


def test_a_vocabulary_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MAX_WORDS", 2)
    learned, shares = vocabulary.learn([[1, 2], [1, 2], [1, 3], [4]])
    assert vocabulary.known_words(learned) == {1, 2}
    assert shares.tolist() == [0.5, 0.5, 0.5, 1]  # without one row, 2 would be as rare as 3


def test_shares_of_rows_without_words_and_nulls() -> None:
    found = vocabulary.unseen_shares([[], None, [1, 9]], frozenset({1}))
    assert found[[0, 2]].tolist() == [0, 0.5]
    assert np.isnan(found[1])


def test_what_was_learned_is_the_same_in_any_order() -> None:
    rows = [[1, 2], [2, 3], [9]]
    assert vocabulary.learn(rows)[0] == vocabulary.learn(rows[::-1])[0]
