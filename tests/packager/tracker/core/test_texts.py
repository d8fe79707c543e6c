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

any_text = st.text(st.characters(), max_size=50)


@given(any_text | st.just("\ud800\0\udc00") | st.just("\U0001f600\udfff"))
def test_every_text_can_be_stored(text: str) -> None:
    for kind in (Text, Identity):
        found = TypeAdapter[str](kind).validate_python(text)
        assert "\0" not in found
        found.encode("utf-8")
        assert TypeAdapter[str](kind).validate_python(found) == found


def test_describing_texts_are_cut_and_identifying_ones_refused() -> None:
    assert TypeAdapter[str](Text).validate_python("x" * 5_000) == "x" * (MAX_TEXT - 1) + "…"
    assert TypeAdapter[str](Text).validate_python("x" * MAX_TEXT) == "x" * MAX_TEXT
    for kind, most in ((Name, MAX_NAME), (Identity, MAX_IDENTITY), (Comment, 10_000)):
        adapter = TypeAdapter[str](kind)
        assert adapter.validate_python("x" * most) == "x" * most
        with pytest.raises(ValidationError, match=f"at most {most} characters"):
            adapter.validate_python("x" * (most + 1))


@pytest.mark.parametrize("value", [1, None, ["x"], {}])
def test_what_is_no_text_is_refused(value: object) -> None:
    for kind in (Text, Identity, Name):
        with pytest.raises(ValidationError):
            TypeAdapter[str](kind).validate_python(value)
