"""Which defaults of parameters are computed again."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from packager.capture.plain_expressions import computed_again

NAMES: dict[str, Any] = {"K": 3, "CFG": {"a": 5}, "o": object(), "big": 10**6, "f": len}


def value(text: str) -> Any:
    found = computed_again(ast.parse(text, mode="eval").body, NAMES)
    return None if found is None else (found.value,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("K", 3),
        ("K * 2", 6),
        ("-K", -3),
        ("CFG['a'] + 1", 6),
        ("(K, [1, 'x'])", (3, [1, "x"])),
        ("o", NAMES["o"]),
    ],
)
def test_arithmetic_and_lookups_on_plain_values_are_computed(text: str, expected: Any) -> None:
    assert value(text) == (expected,)


@pytest.mark.parametrize(
    "text",
    ["f(K)", "o.x", "[x for x in (1,)]", "lambda: K", "absent", "absent + 1", "o + 1", "K / 0"],
)
def test_others_are_not(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize("text", ["9 ** big", "'x' * big", "1 << big", "big * big"])
def test_no_expression_takes_long(text: str) -> None:
    assert value(text) is None
