"""Writes the answers of ``/predict`` for several rows from columns, without an object a row.

A row's text consists of pieces that all rows share, and of its label, numbers, flags and token. The
bytes are those that ``orjson`` makes of one object a row, which is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from types import NoneType
from typing import Any

import numpy as np
import orjson

from monitoring.feedback.tokens import Chances

_NUMERIC = {float, int, bool, NoneType}
_NO_FLAGS = "[]"


class AnswerText:
    """Writes rows of one model's answers."""

    def __init__(self, names: Sequence[str]) -> None:
        """``names``: the keys of the probabilities, in their order; different from each other."""
        self._names = names
        self._keys: list[str] | None = None

    def rows(
        self,
        labels: Sequence[Any],
        chances: Chances | None,
        flags: Sequence[Sequence[str]],
        tokens: Sequence[str] | None,
    ) -> str | None:
        """The objects of n rows, separated by commas; None for labels that are written otherwise.

        ``chances``: n by names; ``tokens``: without characters that JSON escapes. Raises
        ``orjson.JSONEncodeError`` for a value that orjson can't write.
        """
        columns: list[str | list[str]] = ['{"prediction":']
        written = _labels(labels)
        if written is None:
            return None
        columns.append(written)
        if chances is not None:
            numbers = _numbers(chances)
            keys = self._written_keys()
            width = len(keys)
            if len(numbers) != width * len(labels):
                return None
            for index, key in enumerate(keys):
                columns += [("," if index else ',"probabilities":{') + key, numbers[index::width]]
            columns.append("}")
        columns.append(',"flags":')
        if any(flags):
            columns.append([orjson.dumps(own).decode() if own else _NO_FLAGS for own in flags])
        else:
            columns.append(_NO_FLAGS)
        if tokens is not None:
            columns += [',"token":"', [*tokens], '"']
        columns.append("},")
        return _interleaved(columns, len(labels))[:-1]

    def _written_keys(self) -> list[str]:
        if self._keys is None:
            self._keys = [f"{orjson.dumps(name).decode()}:" for name in self._names]
        return self._keys


def _interleaved(columns: Sequence[str | list[str]], rows: int) -> str:
    """Rows of the pieces in ``columns``; a text is the same piece in every row."""
    merged: list[str | list[str]] = []
    for column in columns:
        if merged and isinstance(column, str) and isinstance(last := merged[-1], str):
            merged[-1] = last + column
        else:
            merged.append(column)
    pieces = [""] * (rows * len(merged))
    for index, column in enumerate(merged):
        pieces[index :: len(merged)] = [column] * rows if isinstance(column, str) else column
    return "".join(pieces)


def _labels(labels: Sequence[Any]) -> list[str] | None:
    kinds = set(map(type, labels))
    if kinds <= _NUMERIC:
        return orjson.dumps([*labels]).decode()[1:-1].split(",")
    if kinds <= {str, NoneType}:
        texts = {label: orjson.dumps(label).decode() for label in set(labels)}
        return [texts[label] for label in labels]
    return None


def _numbers(chances: Chances) -> list[str]:
    """The texts of all numbers, row by row."""
    if isinstance(chances, np.ndarray):
        flat = np.ascontiguousarray(chances, np.float64).ravel()
        text = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)
    else:
        text = orjson.dumps([*chain.from_iterable(chances)])
    return text.decode()[1:-1].split(",")
