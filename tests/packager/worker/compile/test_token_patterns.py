"""Expressions whose time is not proportional to a document are limited or refused."""

from __future__ import annotations

import pytest

from modelhost.compiling.provenance import CannotCompileError
from packager.worker.compile.token_patterns import MAX_CHARACTERS, longest_document


@pytest.mark.parametrize(
    "pattern",
    [r"(?u)\b\w\w+\b", r"\w+", r"[a-z]{2,}", r"\S+", r"\b[^\W\d_]{3,}\b", ".", "x*", r"\bab\w*"],
)
def test_single_repetitions_divide_any_document(pattern: str) -> None:
    assert longest_document(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+@\w+",
        r"[a-z]+\b",
        r"\w+|\d",
        r"(\w+)",
        r"\w+?",
        r"(?=.*x)\w",
        r"#?\w+",
        r"[a-z]+|\d+|\S+",
    ],
)
def test_other_expressions_divide_short_documents(pattern: str) -> None:
    assert longest_document(pattern) == MAX_CHARACTERS


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(\w+\s?)+", "repeats repetitions or refers back"),
        (r"(?:a|b*)*c", "repeats repetitions or refers back"),
        (r"(\w)\1+", "repeats repetitions or refers back"),
        (r"\w*\w*\w*x", "has more than 2 repetitions"),
        (r"(", "is no regular expression"),
    ],
)
def test_expressions_that_may_take_very_long_are_refused(pattern: str, reason: str) -> None:
    with pytest.raises(CannotCompileError, match=reason):
        longest_document(pattern)
