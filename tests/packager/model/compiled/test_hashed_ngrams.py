"""Hashes of n-grams are scikit-learn's, and so are the sums of their signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

from packager.model.compiled import hashed_ngrams
from packager.model.compiled.hashed_ngrams import HashedCounter, murmur3
from packager.model.compiled.text_form import Hashing, Text, TextAnalysis


@given(st.binary(max_size=40))
def test_the_hash_is_murmurhash3(data: bytes) -> None:
    assert murmur3(data) == murmurhash3_32(data, seed=0)


def test_known_hashes() -> None:
    assert [murmur3(text) for text in (b"", b"a", b"hello", b"hello, world")] == [
        0,
        1009084850,
        613153351,
        345750399,
    ]


def test_the_hash_without_an_absolute_value_has_scikit_learn_s_feature() -> None:
    # abs(-2**31) does not fit into 32 bits; the value is that of sklearn's _hashing_fast.pyx.
    assert [hashed_ngrams._feature(-(2**31), n) for n in (1, 7, 64, 1000)] == [
        (2**31 - 1 - (n - 1)) % n for n in (1, 7, 64, 1000)
    ]


def counter(part: HashingVectorizer) -> HashedCounter:
    analysis = TextAnalysis(
        analyzer=part.analyzer,
        lowercase=part.lowercase,
        accents=part.strip_accents,
        pattern=part.token_pattern if part.analyzer == "word" else None,
        stop_words=tuple(part.get_stop_words() or ()) if part.analyzer == "word" else (),
        ngrams=part.ngram_range,
        unicode="",
    )
    hashed = Hashing(features=part.n_features, signed=part.alternate_sign)
    return HashedCounter(Text(column=0, start=0, analysis=analysis, hashed=hashed))


@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=5),
    st.sampled_from(["word", "char", "char_wb"]),
    st.tuples(st.integers(1, 4), st.integers(0, 3)),
    st.sampled_from([1, 2, 5, 64, 2**20]),
    st.booleans(),
)
def test_sums_are_scikit_learn_s(
    texts: list[str], analyzer: str, ngrams: tuple[int, int], features: int, signed: bool
) -> None:
    part = HashingVectorizer(
        analyzer=analyzer,
        ngram_range=(ngrams[0], ngrams[0] + ngrams[1]),
        n_features=features,
        alternate_sign=signed,
        norm=None,
        stop_words=["a", "the"] if analyzer == "word" else None,
    )
    wanted = part.transform(texts)
    found, inside = counter(part).counts(texts)
    assert inside.all()
    assert found.rows.tolist() == np.repeat(range(len(texts)), np.diff(wanted.indptr)).tolist()
    assert found.features.tolist() == wanted.indices.tolist()
    assert found.counts.tolist() == wanted.data.tolist()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashed_ngrams, "MAX_REMEMBERED", 3)
    made = counter(HashingVectorizer(n_features=8))
    expected = made.counts_of_one("one two three four five six seven")
    assert len(made._known) <= 3
    found = made.counts_of_one("one two three four five six seven")
    assert expected is not None
    assert found is not None
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]
