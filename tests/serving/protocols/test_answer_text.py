"""The text written from columns is the one that orjson makes of an object a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.protocols.answer_text import AnswerText

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LABELS = st.one_of(
    st.lists(st.floats() | st.none(), min_size=1, max_size=9),
    st.lists(st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.none(), min_size=1, max_size=9),
    st.lists(TEXT | st.none(), min_size=1, max_size=9),
)


@pytest.mark.slow
@given(st.data(), LABELS, st.lists(TEXT, unique=True, max_size=4), st.booleans(), st.booleans())
def test_the_text_is_that_of_objects(
    data: st.DataObject, labels: list[Any], names: list[str], tokens: bool, as_array: bool
) -> None:
    rows, width = len(labels), len(names)
    chances = [data.draw(st.lists(st.floats(), min_size=width, max_size=width)) for _ in labels]
    flags = [data.draw(st.lists(TEXT, max_size=2)) for _ in labels]
    minted = [f"{at:064x}" for at in range(rows)] if tokens else None
    objects = []
    for at, label in enumerate(labels):
        one: dict[str, Any] = {"prediction": label}
        if names:
            one["probabilities"] = dict(zip(names, chances[at], strict=True))
        one["flags"] = flags[at]
        if minted:
            one["token"] = minted[at]
        objects.append(one)
    given_chances: Any = (np.array(chances) if as_array else chances) if names else None
    text = AnswerText(names).rows(labels, given_chances, flags, minted)
    assert text is not None
    assert f"[{text}]".encode() == orjson.dumps(objects)


def test_an_array_that_is_not_contiguous_is_written_row_by_row() -> None:
    chances = np.array([[0.25, 0.5], [0.75, 0.5]]).T
    text = AnswerText(["a", "b"]).rows(["x", "y"], chances, [(), ()], None)
    assert text == (
        '{"prediction":"x","probabilities":{"a":0.25,"b":0.75},"flags":[]},'
        '{"prediction":"y","probabilities":{"a":0.5,"b":0.5},"flags":[]}'
    )


def test_what_is_written_otherwise_is_left_to_the_caller() -> None:
    text = AnswerText(["a"])
    assert text.rows([1, "x"], None, [(), ()], None) is None  # labels of two types
    assert text.rows([1, 2], [[0.5, 0.5], [0.5, 0.5]], [(), ()], None) is None  # another width
    for labels in (["\ud800", "x"], [2**64, 1]):
        with pytest.raises(orjson.JSONEncodeError):
            text.rows(labels, None, [(), ()], None)
