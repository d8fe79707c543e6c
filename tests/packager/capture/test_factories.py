"""Which statements make a class or an empty object again."""

from __future__ import annotations

import collections
import enum
import threading
import typing
from typing import Any

import pytest

from packager.capture.cells import Cell
from packager.capture.factories import is_made_by_factory
from packager.capture.statements import statements


def made(text: str) -> bool:
    names: dict[str, Any] = {"__name__": "__main__", "enum": enum, "collections": collections}
    names |= {"threading": threading, "typing": typing, "namedtuple": collections.namedtuple}
    exec(text, names)
    (one,) = statements([Cell(1, text)])
    return is_made_by_factory(one, "P", names["P"], names)


@pytest.mark.parametrize(
    "text",
    [
        "P = namedtuple('P', 'x y')",
        "P = collections.namedtuple('P', ['x'], defaults=[1])",
        "P = enum.Enum('P', 'A B')",
        "P = typing.TypeVar('P')",
        "P = typing.NewType('P', int)",
        "P = threading.Lock()",
    ],
)
def test_a_call_that_makes_the_value_again(text: str) -> None:
    assert made(text)


@pytest.mark.parametrize(
    "text",
    [
        "P = namedtuple('Q', 'x')",
        "P = Q = namedtuple('P', 'x')",
        "P = threading.Semaphore(3)",
        "P = collections.Counter('ab')",
        "P = (lambda: 5)()",
        "P = 5",
    ],
)
def test_what_has_a_value_of_its_own_is_none(text: str) -> None:
    assert not made(text)
