from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.tracker.store.words import MAX_SEARCHED, MAX_WORD, searched_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feature=carat", ["feature", "carat"]),
        ("FeatureDrift: Größe_ÉTAT 3.5", ["featuredrift", "grosse", "etat", "3", "5"]),
        ("a a A", ["a"]),
        ('"NEAR" OR *; --', ["near", "or"]),
        ("x" * 100, ["x" * MAX_WORD]),
        ("=== \0 \u202e", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_the_last_word_is_a_beginning() -> None:
    assert searched_words("moved carat mo") == (["moved", "carat", "mo"], True)
    assert searched_words("a b ab") == (["a", "b", "ab"], True)
    assert searched_words("carat ===") == (["carat"], True)
    assert searched_words("") == ([], False)
    many, _ = searched_words(" ".join(f"w{number}" for number in range(50)))
    assert (len(many), many[-1]) == (MAX_SEARCHED, "w49")


def test_a_single_letter_is_a_whole_word() -> None:
    assert searched_words("color=E") == (["color", "e"], False)
    assert searched_words("a b a") == (["b", "a"], False)
    assert searched_words("7") == (["7"], False)
    assert searched_words("色") == (["色"], True)


@given(st.text(max_size=60))
def test_words_have_letters_and_digits_alone(text: str) -> None:
    """So that no word is syntax of a database's search."""
    for word in searched_words(text).words:
        assert word.isalnum()
        assert words_of(word)[:1]
