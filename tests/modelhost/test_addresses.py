"""Addresses in memory are deleted from a model before it is saved."""

from __future__ import annotations

import pytest

from modelhost.addresses import clear_addresses


def test_known_addresses_are_taken_off_wherever_they_lie() -> None:
    sklearn = pytest.importorskip("sklearn.feature_extraction.text")
    vectorizer = sklearn.TfidfVectorizer(stop_words=["the"]).fit(["the cat", "cat dog"])
    vectorizer.transform(["cat"])
    assert "_stop_words_id" in vars(vectorizer)
    before = vectorizer.transform(["cat dog"]).toarray().tolist()
    holder = type("Own", (), {})()
    holder.parts = {"text": [("tfidf", vectorizer)], "self": holder}
    clear_addresses(holder)
    assert "_stop_words_id" not in vars(vectorizer)
    assert vectorizer.transform(["cat dog"]).toarray().tolist() == before
