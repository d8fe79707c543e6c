"""N-grams are counted as scikit-learn counts them, for one document and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from text_samples import documents

from modelhost.compiling.provenance import LookupFeature, MatrixBlock
from modelhost.compiling.texts import TextParts
from packager.model.compiled.ngrams import NgramCounter, items_of
from packager.model.compiled.stored_arrays import ArrayWriter
from packager.model.compiled.text_form import Text
from packager.worker.compile.text_tables import text_of

OPTIONS: dict[str, dict[str, Any]] = {
    "words": {},
    "all words": {"token_pattern": r"(?u)\b\w+\b", "ngram_range": (1, 3)},
    "pairs without stop words": {"ngram_range": (2, 2), "stop_words": ["ab", "b"]},
    "empty words": {"token_pattern": r"[a-c]*", "ngram_range": (1, 2)},
    "a group": {"token_pattern": r"(\w)\w", "ngram_range": (1, 2)},
    "characters": {"analyzer": "char", "ngram_range": (1, 3)},
    "long characters": {"analyzer": "char", "ngram_range": (3, 4), "lowercase": False},
    "within words": {"analyzer": "char_wb", "ngram_range": (1, 4)},
    "short words": {"analyzer": "char_wb", "ngram_range": (5, 7)},
}
TEXTS = st.text("abcéB \n-_", max_size=30) | st.text(max_size=15) | st.sampled_from(documents(30))


def counted(vectorizer: CountVectorizer) -> tuple[Text, bytes]:
    """A fitted vectorizer as a text of a form, and its arrays."""
    texts, writer = TextParts(), ArrayWriter()
    cells = texts.after(vectorizer, MatrixBlock((LookupFeature(0),)))
    assert cells is not None
    (told,), _ = texts.described(cells)
    part = texts.parts[0]
    arrays = {"terms": list(part.terms), "indices": list(part.terms.values())}
    return text_of(told, arrays, writer), writer.content()


@pytest.fixture(scope="module", params=OPTIONS)
def both(request: pytest.FixtureRequest) -> tuple[CountVectorizer, NgramCounter]:
    """A fitted vectorizer, and the counter made of it."""
    vectorizer = CountVectorizer(**OPTIONS[request.param]).fit(documents(60))
    return vectorizer, NgramCounter(*counted(vectorizer))


@settings(max_examples=many(60))
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_counts_are_those_of_scikit_learn(
    both: tuple[CountVectorizer, NgramCounter], texts: list[str]
) -> None:
    vectorizer, counter = both
    wanted = vectorizer.transform(texts)
    found, inside = counter.counts(texts)
    assert inside.all()
    assert (found.rows.tolist(), found.features.tolist()) == tuple(
        place.tolist()
        for place in (np.repeat(range(len(texts)), np.diff(wanted.indptr)), wanted.indices)
    )
    assert found.counts.tolist() == wanted.data.tolist()
    for row, text in enumerate(texts):
        alone = counter.counts_of_one(text)
        assert alone is not None
        assert (
            alone[0].tolist()
            == wanted.indices[wanted.indptr[row] : wanted.indptr[row + 1]].tolist()
        )
        assert (
            alone[1].tolist() == wanted.data[wanted.indptr[row] : wanted.indptr[row + 1]].tolist()
        )


def test_a_vocabulary_may_be_given_and_hold_anything() -> None:
    terms = ["ab", "a\0b", "ab cd", "x y z", "", " ", "\ud800", "émile", "cd"]
    vectorizer = CountVectorizer(vocabulary=terms, ngram_range=(1, 2)).fit([])
    counter = NgramCounter(*counted(vectorizer))
    text = "AB cd a\0b émile"
    alone = counter.counts_of_one(text)
    wanted = vectorizer.transform([text])
    assert alone is not None
    assert dict(zip(alone[0].tolist(), alone[1].tolist(), strict=True)) == dict(
        zip(wanted.indices.tolist(), wanted.data.tolist(), strict=True)
    )


def test_documents_outside_the_domain_have_no_counts() -> None:
    options: dict[str, Any] = {"token_pattern": r"\w+ \w+|\w+", "ngram_range": (1, 2)}
    text, content = counted(CountVectorizer(**options).fit(["a,b", "c"]))
    counter = NgramCounter(text, content)
    found, inside = counter.counts(["a b", "a,b", "a," * 5_000])
    assert inside.tolist() == [False, True, False]
    assert set(found.rows.tolist()) == {1}
    assert [counter.counts_of_one(one) for one in ("a b", "a," * 5_000)] == [None, None]
    assert items_of(text.vocabulary, content) == ["a", "b", "c"]
