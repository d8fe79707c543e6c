"""The kind of the elements of lists."""

from __future__ import annotations

from typing import Any

import pytest

from modelhost.list_kinds import kind_of_elements


@pytest.mark.parametrize(
    ("lists", "kind"),
    [
        ([[1, 2], []], "integer"),
        ([[1, 2.5], [None]], "number"),
        ([["a"], [None, "b"]], "string"),
        ([[True], [False]], "boolean"),
        ([[True], [1]], None),
        ([["a"], [1]], None),
        ([[], [None]], None),
    ],
)
def test_kind_of_all_elements(lists: list[list[Any]], kind: str | None):
    assert kind_of_elements(lists) == kind
