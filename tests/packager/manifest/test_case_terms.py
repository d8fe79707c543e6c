"""Rows, changes and expectations as package.toml writes them."""

from __future__ import annotations

import pytest

from packager.manifest.case_terms import CellChange, ExpectedAnswer, RowsTerm


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("sample:200", RowsTerm("sample", "", 200)),
        ("where:carat < 2 and cut == 'a:b'", RowsTerm("where", "carat < 2 and cut == 'a:b'")),
        ("file:cases/known.csv", RowsTerm("file", "cases/known.csv")),
    ],
)
def test_rows_are_read(text: str, term: RowsTerm) -> None:
    assert RowsTerm.parse(text) == term


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample", 'expected "sample:200", '),
        ("sample:0", "sample:N with N from 1 to 10,000"),
        ("sample:-5", "sample:N with N from 1 to 10,000"),
        ("sample:20000", "sample:N with N from 1 to 10,000"),
        ("where:", 'expected "sample:200", '),
        ("other:1", 'expected "sample:200", '),
        ("file:/etc/passwd", "a file within the project"),
        ("file:../known.csv", "a file within the project"),
    ],
)
def test_other_rows_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RowsTerm.parse(text)


@pytest.mark.parametrize(
    ("given", "change"),
    [
        (5, CellChange("set", 5)),
        (True, CellChange("set", True)),
        ("set:Ideal", CellChange("set", "Ideal")),
        ("set:", CellChange("set", "")),
        ("* 1.1", CellChange("multiply", 1.1)),
        ("+2", CellChange("add", 2.0)),
        ("- 1e3", CellChange("subtract", 1000.0)),
        ("swap:other column", CellChange("swap", column="other column")),
        ("null", CellChange("null")),
        ("shuffle", CellChange("shuffle")),
        ("pad", CellChange("pad")),
    ],
)
def test_changes_are_read(given: object, change: CellChange) -> None:
    assert CellChange.parse(given) == change  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["Ideal", "/ 2", "* x", "* inf", "swap:", ""])
def test_another_text_is_no_change(given: str) -> None:
    with pytest.raises(ValueError, match='expected a number or a boolean, "set:TEXT"'):
        CellChange.parse(given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("increases", ExpectedAnswer("increases")),
        ("within 0.02", ExpectedAnswer("within", 0.02)),
        ("within 5%", ExpectedAnswer("within", 0.05, relative=True)),
        ("between 0 and inf", ExpectedAnswer("between", low=0.0, high=float("inf"))),
        ("between -1.5 and 2", ExpectedAnswer("between", low=-1.5, high=2.0)),
        ("label:>50K", ExpectedAnswer("label", label=">50K")),
    ],
)
def test_expectations_are_read(text: str, expected: ExpectedAnswer) -> None:
    assert ExpectedAnswer.parse(text) == expected


@pytest.mark.parametrize("text", ["grows", "within -1", "within x", "between 1", "label:"])
def test_another_expectation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='expected "increases", "decreases"'):
        ExpectedAnswer.parse(text)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="with A no larger than B, got 'between 2 and 1'"):
        ExpectedAnswer.parse("between 2 and 1")
