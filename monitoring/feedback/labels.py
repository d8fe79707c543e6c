"""Parses late labels in terms of the model: a class, a number, or no label yet.

CSV, JSON, Parquet and clients mark "not known yet" in different ways: null, NaN, an empty cell, the
word ``NaN``. None of these is a label, unless a class has that name (``None``, ``NA``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

Reason = Literal[
    "not_a_class",
    "not_a_number",
    "not_labels",
    "not_numbers",
    "not_text",
    "not_a_boolean",
    "not_by_output",
    "unknown_output",
    "unknown_part",
    "unscored_output",
    "answer_missing",
    "wrong_answer",
    "unknown_version",
    "no_prediction",
]

NULL_LABELS = frozenset(
    {
        *("", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan"),
        *("<na>", "n/a", "na", "nan", "nat", "none", "null"),
    }
)
"""Text of cells without a value, in lower case: the words that pandas recognizes."""
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_INTEGER = re.compile(r"[+-]?[0-9]+")


class InvalidError(Exception):
    """A value that is not a label of this model."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def is_null(actual: Any) -> bool:
    """Whether ``actual`` is null in any form."""
    if isinstance(actual, str):
        return actual.strip().lower() in NULL_LABELS
    return actual is None or (isinstance(actual, float) and math.isnan(actual))


class Numbers:
    """The labels of a regression."""

    def is_absent(self, actual: Any) -> bool:
        """Whether there is no label yet."""
        return is_null(actual)

    def read(self, actual: Any) -> float:
        """A finite number, or text of one, as a float; raises ``InvalidError`` for other values."""
        try:
            return float(_number(actual))
        except (ValueError, OverflowError) as error:
            raise InvalidError("not_a_number") from error


class Classes:
    """The labels of a classifier."""

    def __init__(self, classes: Sequence[Any]) -> None:
        self._booleans = {type(class_) for class_ in classes} == {bool}
        numeric = bool(classes) and all(type(class_) in (int, float) for class_ in classes)
        # Dictionary keys are exact: an integer equals a float only for the same number.
        self._numbers: dict[Any, Any] | None = (
            {class_: class_ for class_ in classes} if numeric else None
        )
        self._texts = {str(class_): class_ for class_ in classes}
        # A null word that differs from a class only in case may mean the class.
        self._null_words = NULL_LABELS - {text.strip().lower() for text in self._texts}

    def is_absent(self, actual: Any) -> bool:
        """Whether there is no label yet; a class name is always a label."""
        if isinstance(actual, str):
            return actual not in self._texts and actual.strip().lower() in self._null_words
        return is_null(actual)

    def read(self, actual: Any) -> Any:
        """The class that ``actual`` names; raises ``InvalidError`` if there is none.

        Text, as in CSV, is converted to the type of the classes: ``"1"`` and ``1.0`` are the class
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
    """A finite number, integers exact; raises ``ValueError`` or ``OverflowError``."""
    if isinstance(actual, bool) or not isinstance(actual, int | float | str):
        raise ValueError
    if isinstance(actual, int):
        return actual
    if isinstance(actual, str):
        text = actual.strip()
        if not text.isascii() or "_" in text:  # int() accepts these
            raise ValueError
        if _INTEGER.fullmatch(text):
            return int(text)
        actual = text
    number = float(actual)
    if not math.isfinite(number):
        raise ValueError
    return number


def _as_bit(actual: Any) -> Any:
    """1 or 0 for boolean text as in CSV (``"True"``), for numeric classes; else unchanged."""
    word = actual.strip().lower() if isinstance(actual, str) else ""
    return {"true": 1, "false": 0}.get(word, actual)


def _forms(actual: Any) -> list[str]:
    """Texts of a class that a value may mean, the most likely first."""
    if isinstance(actual, bool):
        return [str(actual), str(actual).lower()]
    if isinstance(actual, str):
        try:
            value = _number(actual)
        except (ValueError, OverflowError):
            return [actual]
        # 1.0 is how pandas writes a column of integers with nulls.
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
