"""Reasons that quote a cell of personal data."""

from __future__ import annotations

import pytest

from packager.manifest.manifest import Column
from packager.worker.test.quoted_cells import without_quotes

PLAIN = Column(name="size", kind="number", dtype="float64", nullable=False)
NAME = Column(name="name", kind="string", dtype="str", nullable=False, personal="names of people")


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (
            "the model raised ValueError: no such name: 'Ann Smith'",
            "the model raised ValueError, whose text may quote personal data, which is not shown",
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
