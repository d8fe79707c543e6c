"""Reasons that quote a cell of personal data."""

from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.manifest.manifest import Column, Schema
from packager.worker.test.quoted_cells import data_error, without_quotes

PLAIN = Column(name="size", kind="number", dtype="float64", nullable=False)
NAME = Column(name="name", kind="string", dtype="str", nullable=False, personal="names of people")

OTHER = NAME.model_copy(update={"personal": None})


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (
            "the model raised ValueError: no such name: 'Ann Smith'",
            "the model raised ValueError, whose text may quote personal data, which is not shown",
        ),
        (
            "the function cases:scale of [[test.case]] raised KeyError: 'Ann Smith'",
            "the function cases:scale of [[test.case]] raised KeyError, whose text may quote "
            "personal data, which is not shown",
        ),
        ("KeyError", "KeyError, whose text may quote personal data, which is not shown"),
        (
            "no person Ann Smith here",
            "a reason, whose text may quote personal data, which is not shown",
        ),
    ],
)
def test_a_reason_ends_before_what_it_may_quote(why: str, told: str) -> None:
    assert without_quotes(why, [PLAIN, NAME]) == told
    assert without_quotes(why, [PLAIN]) == why


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("new.csv: row 3, column 'name': expected a number, got 'Ann'", False),
        ("new.csv: row 3, column 'name': expected a number, got 49171", False),
        ("new.csv: expected values of one type, got Failed to parse 'Ann' as double", False),
        ("new.csv: row 3, column 'size': expected a number, got 'Ann'", True),
        ("new.csv: expected commas between cells, got 3 fields in line 5, saw 4", True),
        ("new.csv: can't be read", True),
    ],
)
def test_an_error_of_data_quotes_no_personal_cell(message: str, told: bool) -> None:
    error = UsageError(message, "correct the cell")
    personal, plain = (Schema(features=(PLAIN, one)) for one in (NAME, OTHER))
    whole = f"{message}; correct the cell"
    hidden = f"{message.partition(', got ')[0]}, got personal data, which is not shown"
    assert data_error(error, plain) == whole
    assert data_error(error, personal) == (whole if told else f"{hidden}; correct the cell")
