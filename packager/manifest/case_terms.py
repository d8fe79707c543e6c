"""The terms of a behavioural case: its rows, the change of a column, and what is expected."""

from __future__ import annotations

import math
import re
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from packager.manifest.base import Scalar

Operation = Literal[
    "set", "add", "subtract", "multiply", "swap", "null", "shuffle", "upper", "lower", "pad"
]
ExpectationKind = Literal["increases", "decreases", "same", "within", "label", "between"]

CHANGES = (
    'a number or a boolean, "set:TEXT", "+ 2", "- 2", "* 1.1", "swap:COLUMN", "null", "shuffle", '
    '"upper", "lower" or "pad"'
)
EXPECTATIONS = (
    '"increases", "decreases", "same", "within 0.02", "within 5%", "label:TEXT" or '
    '"between 0 and 1"'
)
ROWS = '"sample:200", "where:RULE", "file:PATH" or a list of rows'
MAX_ROWS = 10_000
"""Rows of a case at most."""
NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+|inf)(?:[eE][-+]?\d+)?"
_ARITHMETIC = re.compile(rf"([-+*])\s*({NUMBER})")
_WITHIN = re.compile(rf"within\s+({NUMBER})\s*(%?)")
_BETWEEN = re.compile(rf"between\s+({NUMBER})\s+and\s+({NUMBER})")
_SIGNS: dict[str, Operation] = {"+": "add", "-": "subtract", "*": "multiply"}
_WORDS: dict[str, Operation] = {
    "null": "null",
    "shuffle": "shuffle",
    "upper": "upper",
    "lower": "lower",
    "pad": "pad",
}


class RowsTerm(NamedTuple):
    """The rows of a case that are not written in package.toml."""

    kind: Literal["sample", "where", "file"]
    text: str
    """The rule, or the posix path below the project's folder."""
    number: int = 0
    """Of the rows of a sample."""

    @classmethod
    def parse(cls, text: str) -> RowsTerm:
        """Read ``sample:N``, ``where:RULE`` or ``file:PATH``; raise ``ValueError``."""
        kind, colon, rest = text.partition(":")
        rest = rest.strip()
        if not colon or not rest or kind not in ("sample", "where", "file"):
            raise ValueError(f"expected {ROWS}, got {text!r}")
        if kind == "where":
            return cls("where", rest)
        if kind == "sample":
            if not rest.isdigit() or not 1 <= int(rest) <= MAX_ROWS:
                raise ValueError(f"expected sample:N with N from 1 to {MAX_ROWS:,}, got {text!r}")
            return cls("sample", "", int(rest))
        path = PurePosixPath(rest)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"expected a file within the project, got {text!r}")
        return cls("file", path.as_posix())


class CellChange(NamedTuple):
    """Change of the cells of a column by a case."""

    operation: Operation
    value: Scalar | None = None
    """The operand of ``set`` and of arithmetic."""
    column: str = ""
    """The other column of ``swap``."""

    @classmethod
    def parse(cls, value: Scalar) -> CellChange:
        """Read the value of ``change``; raise ``ValueError``."""
        if not isinstance(value, str):
            return cls("set", value)
        word, colon, rest = value.partition(":")
        if colon and word == "set":
            return cls("set", rest)
        if colon and word == "swap" and rest:
            return cls("swap", column=rest)
        if value in _WORDS:
            return cls(_WORDS[value])
        match = _ARITHMETIC.fullmatch(value.strip())
        if match is None or not math.isfinite(float(match[2])):
            raise ValueError(f"expected {CHANGES}, got {value!r}")
        return cls(_SIGNS[match[1]], float(match[2]))


class ExpectedAnswer(NamedTuple):
    """The expected property of an answer, or relation of two."""

    kind: ExpectationKind
    amount: float = 0.0
    """Of ``within``."""
    relative: bool = False
    """Whether ``amount`` is a part of the first answer."""
    low: float = 0.0
    high: float = 0.0
    """Of ``between``."""
    label: str = ""

    @classmethod
    def parse(cls, text: str) -> ExpectedAnswer:
        """Read ``expect``; raise ``ValueError``."""
        for word in ("increases", "decreases", "same"):
            if text == word:
                return cls(word)
        if text.startswith("label:") and len(text) > len("label:"):
            return cls("label", label=text.removeprefix("label:"))
        if match := _WITHIN.fullmatch(text):
            amount = abs(float(match[1])) if not match[1].startswith("-") else math.nan
            if math.isfinite(amount):
                return cls("within", amount / 100 if match[2] else amount, bool(match[2]))
        if match := _BETWEEN.fullmatch(text):
            low, high = float(match[1]), float(match[2])
            if low <= high:
                return cls("between", low=low, high=high)
            raise ValueError(f"expected between A and B with A no larger than B, got {text!r}")
        raise ValueError(f"expected {EXPECTATIONS}, got {text!r}")
