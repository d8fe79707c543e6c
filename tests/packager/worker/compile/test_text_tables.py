"""Described texts become tables; what the server would divide in another way is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelhost.compiling.provenance import CannotCompileError
from packager.model.compiled.stored_arrays import ArrayWriter, array_of
from packager.model.compiled.text_analysis import UNICODE
from packager.worker.compile import text_tables
from packager.worker.compile.text_tables import text_of


def described(**options: Any) -> dict[str, Any]:
    """A text by words, with other options of its analysis."""
    analysis = {
        "analyzer": "word",
        "lowercase": True,
        "accents": None,
        "pattern": r"\w+",
        "stop_words": [],
        "ngrams": [1, 2],
        "unicode": UNICODE,
    }
    return {"column": 0, "start": 3, "width": 4, "analysis": {**analysis, **options}, "stages": []}


def arrays(*terms: str) -> dict[str, Any]:
    """Terms as features from 0 on."""
    return {"terms": list(terms), "indices": np.arange(len(terms))}


def test_ngrams_are_keyed_by_their_items() -> None:
    writer = ArrayWriter()
    told = {**described(), "stages": [{"name": "select", "threshold": None}]}
    made = text_of(told, {**arrays("b", "a", "a b", "a b c"), "stage 0": np.array([1, 2])}, writer)
    content = writer.content()
    one, two = made.vocabulary.levels
    assert array_of(made.vocabulary.items, content).tobytes() == b"ab"
    assert array_of(one.keys, content).tolist()[:-1] == [0, 1]
    assert array_of(one.features, content).tolist() == [1, 0, -1]
    assert array_of(two.keys, content).tolist()[:-1] == [0 * 3 + 1]
    assert made.stages[0].values is not None
    assert array_of(made.stages[0].values, content).tolist() == [-1, 0, 1, -1]


def test_another_version_of_unicode_is_refused_by_name() -> None:
    with pytest.raises(CannotCompileError) as caught:
        text_of(described(unicode="3.99, 99.0.0"), arrays("a"), ArrayWriter())
    assert str(caught.value) == (
        f"the model runs on Python and Unicode 3.99, 99.0.0, the server on {UNICODE}: they may"
        " divide text differently"
    )


def test_long_documents_are_outside_for_slow_patterns_and_characters() -> None:
    def longest(**options: Any) -> int | None:
        return text_of(described(**options), arrays("a"), ArrayWriter()).analysis.longest

    assert longest() is None
    assert longest(pattern=r"\w+-\w+") == 2_000
    assert longest(analyzer="char", pattern=None, ngrams=[2, 5]) == 250_000


def test_vocabularies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    long = " ".join(f"w{at}" for at in range(10))
    words = [f"x{at}" for at in range(70)]
    with pytest.raises(CannotCompileError, match="n-grams of 10 items from 80"):
        text_of(described(ngrams=[1, 10]), arrays(long, *words), ArrayWriter())
    monkeypatch.setattr(text_tables, "MAX_ITEMS", 2)
    with pytest.raises(CannotCompileError, match="has 3 words, expected at most 2"):
        text_of(described(), arrays("a", "b", "c"), ArrayWriter())
