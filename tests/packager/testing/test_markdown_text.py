"""Text, numbers and tables in Markdown; hostile text: test_markdown.py."""

from __future__ import annotations

from packager.testing.markdown_text import escaped, signed, table_lines


def test_numbers_have_a_sign_if_asked() -> None:
    assert signed(None) == "-"
    assert signed(0.5, sign=True) == "+0.5000"
    assert signed(-0.5, sign=True) == "-0.5000"
    assert signed(0.5) == "0.5000"


def test_a_table_is_lines() -> None:
    assert table_lines(("a", "b"), [("1", escaped("x|y"))]) == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | x&#124;y |",
    ]
