"""Cells that a spreadsheet would execute are escaped; all others are unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.spreadsheet import FORMULA_PREFIXES, TEXT_MARK, escaped, unescaped


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "+1+1",
        "-1+cmd|x",
        "-",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "'=1",
        "\uff1d1+1",
        '=HYPERLINK("http://x")',
        "-2-3",
        "+",
        "--1",
        "-inf",
    ],
)
def test_a_formula_becomes_text_and_comes_back(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    "cell",
    [
        *("-1", "+1.5", "-1e-05", "-.5", "1", "", "a=b", "it's", "'quoted'", "'-1"),
        -1.5,
        7,
        None,
        True,
    ],
)
def test_numbers_and_other_texts_stay(cell: object) -> None:
    assert escaped(cell) is cell
    if isinstance(cell, str):
        assert unescaped(cell) == cell


@given(st.text(st.sampled_from(["'", "=", "-", "+", "@", "\t", "\r", " ", "1", "e", ".", "x"])))
def test_nothing_is_lost_and_nothing_runs(text: str) -> None:
    shown = escaped(text)
    assert unescaped(shown) == text
    assert not shown.startswith(FORMULA_PREFIXES) or float(shown.strip(" ")) is not None
    assert shown in (text, TEXT_MARK + text)
