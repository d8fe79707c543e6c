"""Environment variables, parsed and checked; an error names its variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from packager.errors import UsageError

T = TypeVar("T")


def read(
    environment: Mapping[str, str],
    name: str,
    default: str,
    parse: Callable[[str], T],
    expected: str,
) -> T:
    """The parsed value of a variable, or of ``default`` if it is unset or empty.

    Raises ``UsageError`` if ``parse`` raises ``ValueError``.
    """
    text = environment.get(name) or default
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(
            f"{name}: expected {expected}, got {text!r}", f"unset it for {default!r}"
        ) from error


def switch(text: str) -> bool:
    """True for ``on``, False for ``off``; raises ``ValueError`` for anything else."""
    if text not in ("on", "off"):
        raise ValueError(text)
    return text == "on"


def between(low: int, high: int) -> Callable[[str], int]:
    """A parser of integers from ``low`` to ``high``; it raises ``ValueError``."""

    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(number)
        return number

    return parse


def within(low: float, high: float) -> Callable[[str], float]:
    """A parser of numbers above ``low``, up to ``high``; it raises ``ValueError``."""

    def parse(text: str) -> float:
        number = float(text)
        if not low < number <= high:
            raise ValueError(number)
        return number

    return parse
