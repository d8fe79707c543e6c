"""Documents are divided as scikit-learn divides them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from packager.model.compiled.text_analysis import (
    characters,
    padded_words,
    preprocessor,
    tokenizer,
)
from packager.model.compiled.text_form import TextAnalysis

TEXTS = st.text() | st.text("aB éßİ\n\0\x1c_-", max_size=20)


def analysis(**options: object) -> TextAnalysis:
    """An analysis by words, with some other options."""
    plain = {
        "analyzer": "word",
        "lowercase": True,
        "accents": None,
        "pattern": r"(?u)\b\w\w+\b",
        "stop_words": (),
        "ngrams": (1, 1),
        "unicode": "",
    }
    return TextAnalysis.model_validate({**plain, **options})


@pytest.mark.parametrize("accents", [None, "ascii", "unicode"])
@pytest.mark.parametrize("lowercase", [False, True])
@given(text=TEXTS)
def test_letters_are_prepared_as_in_scikit_learn(
    accents: str | None, lowercase: bool, text: str
) -> None:
    theirs = CountVectorizer(strip_accents=accents, lowercase=lowercase).build_preprocessor()
    assert preprocessor(analysis(accents=accents, lowercase=lowercase))(text) == theirs(text)


@given(text=TEXTS)
def test_words_are_those_of_scikit_learn(text: str) -> None:
    assert tokenizer(analysis())(text) == CountVectorizer().build_tokenizer()(text)


def test_a_word_with_a_space_is_outside_the_domain() -> None:
    words = tokenizer(analysis(pattern=r"\w+ \w+|\w+"))
    assert words("a b") is None
    assert words("a,b") == ["a", "b"]
    assert words("") == []


@given(text=TEXTS)
def test_characters_are_those_of_scikit_learn(text: str) -> None:
    whole = CountVectorizer(analyzer="char", ngram_range=(1, 1), lowercase=False).build_analyzer()
    assert [*characters(text)] == whole(text)
    inside = CountVectorizer(analyzer="char_wb", ngram_range=(999, 999), lowercase=False)
    assert padded_words(text) == inside.build_analyzer()(text)
