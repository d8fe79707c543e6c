"""Texts of others become storable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from packager.tracker.core.texts import (
    MAX_IDENTITY,
    MAX_NAME,
    MAX_TEXT,
    Comment,
    Identity,
    Name,
    Text,
)

NAME: TypeAdapter[str] = TypeAdapter(Name)
TEXT: TypeAdapter[str] = TypeAdapter(Text)
COMMENT: TypeAdapter[str] = TypeAdapter(Comment)
IDENTITY: TypeAdapter[str] = TypeAdapter(Identity)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("plain", "plain"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("<script>", "<script>"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}x", "\N{RIGHT-TO-LEFT OVERRIDE}x"),
        ("x" * MAX_TEXT, "x" * MAX_TEXT),
        ("x" * (MAX_TEXT + 1), "x" * (MAX_TEXT - 1) + "…"),
        ("x" * 1_000_000, "x" * (MAX_TEXT - 1) + "…"),
    ],
)
def test_a_text_is_kept_as_it_is_or_cut(given_: str, kept: str) -> None:
    assert TEXT.validate_python(given_) == kept


def test_names_are_refused_instead_of_cut() -> None:
    """Cut names could be equal."""
    for adapter, most in ((NAME, MAX_NAME), (IDENTITY, MAX_IDENTITY), (COMMENT, 10_000)):
        assert adapter.validate_python("x" * most) == "x" * most
        with pytest.raises(ValidationError, match=f"at most {most} characters"):
            adapter.validate_python("x" * (most + 1))
    with pytest.raises(ValidationError):
        NAME.validate_python("")
    assert IDENTITY.validate_python("") == ""


@given(st.text(st.characters(), min_size=1, max_size=300))
def test_whatever_is_kept_can_be_stored(text: str) -> None:
    for adapter in (TEXT, COMMENT, IDENTITY):
        kept = adapter.validate_python(text)
        assert "\0" not in kept
        assert kept.encode()


def test_half_a_pair_is_replaced() -> None:
    assert TEXT.validate_python("a\ud800b").encode()
    assert NAME.validate_python("a\ud800b").encode()
