"""Late labels as they are sent, read in the terms of the model: a class, a number, or none yet.

Whatever carries labels (CSV, JSON, Parquet, a client) marks "not known yet" in its own way: a
null, NaN, an empty cell, the word ``NaN``. None of these is a label. A class that is called as
one of these words (``None``, ``NA``) is a class all the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

Reason = Literal["not_a_class", "not_a_number"]

NULL_WORDS = frozenset(
    {
        *("", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan"),
        *("<na>", "n/a", "na", "nan", "nat", "none", "null"),
    }
)
"""What writers put into a cell without a value, in lower case: those that pandas knows."""
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_INTEGER = re.compile(r"[+-]?[0-9]+")


class InvalidError(Exception):
    """A value that is no label of this model."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def is_null(actual: Any) -> bool:
    """Whether ``actual`` is a null in any of its forms."""
    if isinstance(actual, str):
        return actual.strip().lower() in NULL_WORDS
    return actual is None or (isinstance(actual, float) and math.isnan(actual))


class Numbers:
    """The labels of a regression."""

    def is_absent(self, actual: Any) -> bool:
        """Whether there is no label yet."""
        return is_null(actual)

    def read(self, actual: Any) -> float:
        """A finite number, or text of one; raises ``InvalidError`` for anything else."""
        try:
            return float(_number(actual))
        except (ValueError, OverflowError) as error:
            raise InvalidError("not_a_number") from error


class Classes:
    """The labels of a classifier."""

    def __init__(self, classes: Sequence[Any]) -> None:
        self._booleans = {type(one) for one in classes} == {bool}
        numeric = bool(classes) and all(type(one) in (int, float) for one in classes)
        # Keys are exact: an integer and a float are equal only where they are the same number.
        self._numbers: dict[Any, Any] | None = {one: one for one in classes} if numeric else None
        self._texts = {str(one): one for one in classes}
        # A word that differs from a class in case alone may be meant as the class.
        self._null_words = NULL_WORDS - {text.strip().lower() for text in self._texts}

    def is_absent(self, actual: Any) -> bool:
        """Whether there is no label yet; the name of a class is a label."""
        if isinstance(actual, str):
            return actual not in self._texts and actual.strip().lower() in self._null_words
        return is_null(actual)

    def read(self, actual: Any) -> Any:
        """The class that ``actual`` names; raises ``InvalidError`` where it names none.

        Text, as CSV has it, is read in the type of the classes: ``"1"`` and ``1.0`` are the class
        1, ``"true"`` and 1 the class True, 1 the class ``"1"``.
        """
        if not isinstance(actual, bool | int | float | str):
            raise InvalidError("not_a_class")
        if isinstance(actual, str) and actual in self._texts:
            return self._texts[actual]
        if self._booleans:
            return _boolean(actual)
        if self._numbers is not None:
            return self._numbered(self._numbers, actual)
        for form in _forms(actual):
            if form in self._texts:
                return self._texts[form]
        raise InvalidError("not_a_class")

    def _numbered(self, known: dict[Any, Any], actual: Any) -> Any:
        try:
            value = int(actual) if isinstance(actual, bool) else _number(_as_bit(actual))
        except (ValueError, OverflowError) as error:
            raise InvalidError("not_a_class") from error
        if value not in known:
            raise InvalidError("not_a_class")
        return known[value]


def _number(actual: Any) -> int | float:
    """A finite number, integers exactly; raises ``ValueError`` or ``OverflowError``."""
    if isinstance(actual, bool) or not isinstance(actual, int | float | str):
        raise ValueError
    if isinstance(actual, int):
        return actual
    if isinstance(actual, str):
        text = actual.strip()
        if not text.isascii() or "_" in text:  # digits in groups are Python's own way
            raise ValueError
        if _INTEGER.fullmatch(text):
            return int(text)
        actual = text
    found = float(actual)
    if not math.isfinite(found):
        raise ValueError
    return found


def _as_bit(actual: Any) -> Any:
    """``"True"``, as CSV has booleans, for classes that are numbers."""
    word = actual.strip().lower() if isinstance(actual, str) else ""
    return {"true": 1, "false": 0}.get(word, actual)


def _forms(actual: Any) -> list[str]:
    """How a value may be written as the text of a class, the likeliest first."""
    if isinstance(actual, bool):
        return [str(actual), str(actual).lower()]
    if isinstance(actual, str):
        try:
            value = _number(actual)
        except (ValueError, OverflowError):
            return [actual]
        # 1.0 is how a column of integers with nulls is written.
        return [actual, str(int(value))] if value == int(value) and "." in actual else [actual]
    whole = isinstance(actual, float) and actual.is_integer()
    return [str(actual), str(int(actual))] if whole else [str(actual)]


def _boolean(actual: Any) -> bool:
    text = str(int(actual) if isinstance(actual, bool) else actual).strip().lower()
    text = text.removesuffix(".0")
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidError("not_a_class")
