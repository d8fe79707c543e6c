"""Words, scripts and vocabularies of text."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.derived.texts import MAX_CHARACTERS, TextCells, script, words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("plain words", "Latin"),
        ("größer als früher", "Latin"),
        ("Привет, мир", "Cyrillic"),
        ("καλημέρα", "Greek"),
        ("שלום", "Hebrew"),
        ("مرحبا", "Arabic"),
        ("नमस्ते", "Devanagari"),
        ("สวัสดี", "Thai"),
        ("안녕하세요", "Hangul"),
        ("你好世界", "Han"),
        ("漢字とかな", "Kana"),
        ("half половина", "mixed"),
        ("12.5 !?", "none"),
        ("", "none"),
    ],
)
def test_the_script_of_most_letters(text: str, name: str) -> None:
    assert script(text) == name


def test_words_are_without_case_and_letters_of_han_stand_alone() -> None:
    assert words("A-b, C_d 你好x") == ["a", "b", "c", "d", "你", "好", "x"]
    assert len(words("a " * MAX_CHARACTERS)) == MAX_CHARACTERS // 2


def test_unseen_words_are_those_that_no_training_row_has() -> None:
    learned, shares = TextCells(["a b", "a c", "a b", None]).learn_vocabulary()
    assert shares.tolist()[:3] == [0, 0.5, 0]  # only one row has c
    found = TextCells(["a b c", "x y", "a x", "", None]).measured("unseen", learned)
    assert found[:4].tolist() == [0, 1, 0.5, 0]
    assert np.isnan(found[4])


def test_the_first_frequent_word_is_a_category() -> None:
    cells = TextCells(["the red car", "the red bus", "the blue bus", "the", "the end", "the"])
    learned = cells.learn_tokens()
    assert "the" not in learned.split()  # in every row
    assert cells.measured("token", "bus red") == ["red", "red", "bus", "none", "none", "none"]
