from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packager.tracker.store.selection import MAX_ID, Cursor, CursorError, Selection


@given(st.integers(1, 4), st.floats(-100, 0), st.floats(0, 4e9), st.integers(0, MAX_ID))
def test_a_key_survives_an_address(band: int, urgency: float, at: float, last: int) -> None:
    key = Cursor(band, urgency, at, last)
    assert Cursor.decode(key.encode()) == key
    assert key.encode().replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda one: one.decode("latin-1")))
def test_another_text_is_refused(text: str) -> None:
    with contextlib.suppress(CursorError):  # and no other error
        Cursor.decode(text)
    with pytest.raises(CursorError, match="expected the key of a page, got "):
        Cursor.decode(f"{text}!")


def test_bounds_of_a_selection() -> None:
    assert Selection().active_only
    assert not Selection(states=()).active_only
    for wrong in (
        {"limit": 0},
        {"limit": 201},
        {"bands": (5,)},
        {"cause": 2**60},
        {"states": ("x",)},
    ):
        with pytest.raises(ValidationError):
            Selection.model_validate(wrong)
