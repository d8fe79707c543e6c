"""Text of forms and queries as the values of a column."""

from __future__ import annotations

from typing import Any

import pytest

from packager.manifest.manifest import Column
from serving.protocols.text_cells import cell_of


def column(kind: Any) -> Column:
    return Column(name="a", kind=kind, dtype="object", nullable=True, element="string")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        *(("number", "2.50", 2.5), ("number", "9007199254740993", 9007199254740993)),
        *(("number", "NaN", "NaN"), ("number", "", None), ("integer", "7", 7)),
        *(("integer", "7.5", 7.5), ("boolean", "true", True), ("boolean", "0", False)),
        *(("boolean", "yes", "yes"), ("string", "", ""), ("string", "5", "5"), ("any", "5", "5")),
        *(("date", "", None), ("date", "2024-01-31", "2024-01-31"), ("decimal", "1.10", "1.10")),
        *(("list", '["a", null]', ["a", None]), ("list", "[", "["), ("array", "[1]", [1])),
    ],
)
def test_a_text_is_read_by_the_kind_of_its_column(kind: str, text: str, value: Any) -> None:
    found = cell_of(text, column(kind))
    assert found == value
    assert type(found) is type(value)


def test_text_for_an_unknown_column_stays_text() -> None:
    assert cell_of("", None) == ""
    assert cell_of("1", None) == "1"
