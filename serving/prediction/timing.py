"""Measures compiled predictions, to choose between row by row and batch, inline or in a thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from monitoring.column_arrays import ColumnArrays
from packager.data.rows.request_rows import ValidatedRows
from packager.model.compiled.model import CompiledModel

MAX_INLINE_SECONDS = 0.002
"""Predictions up to this long run in the event loop: switching to a thread costs as much."""
MAX_UNMEASURED = 2_000.0
"""Characters of text that are divided in the event loop if the example rows have none."""
_ROWS = 64
_TIMES = 5


@dataclass(frozen=True)
class TimingModel:
    """Thresholds measured on the package's example rows when it is loaded."""

    one_by_one: float
    """Up to this many rows are predicted faster one by one than together."""
    inline: int
    """Up to this many rows take at most ``MAX_INLINE_SECONDS``."""
    characters: float = math.inf
    """Up to this many characters of divided text take at most ``MAX_INLINE_SECONDS``."""

    def is_inline(self, checked: ValidatedRows, texts: Sequence[int]) -> bool:
        """Whether rows take at most ``MAX_INLINE_SECONDS``; ``texts``: columns that are divided."""
        if checked.rows > self.inline:
            return False
        if self.characters == math.inf:
            return True
        row, columns = checked.row, checked.columns
        cells = (([row[at]] if row is not None else columns[at]) for at in texts)
        return self.characters >= sum(len(text or "") for column in cells for text in column)

    @classmethod
    def measure(
        cls,
        model: CompiledModel,
        columns: Sequence[Sequence[Any]],
        arrays: ColumnArrays | None = None,
    ) -> TimingModel:
        """Measure with the rows in ``columns``, at least one; ``arrays``: the same columns."""
        rows = np.arange(_ROWS) % len(columns[0])
        row = [column[0] for column in columns]
        many = [[column[at] for at in rows.tolist()] for column in columns]
        first, whole = (None, None) if arrays is None else (arrays.at(rows[:1]), arrays.at(rows))
        least = _seconds(lambda: model.predict_rows([column[:1] for column in columns], first))
        single = least if model.has_outputs else _seconds(lambda: model.predict_row(row))
        each = max(0.0, _seconds(lambda: model.predict_rows(many, whole)) - least) / (_ROWS - 1)
        one_by_one = math.inf if single <= each else (least - each) / (single - each)
        if model.has_outputs:
            one_by_one = 0.0  # they have no other way
        if one_by_one * single >= MAX_INLINE_SECONDS:
            inline = MAX_INLINE_SECONDS / single
        else:
            inline = max(one_by_one, (MAX_INLINE_SECONDS - least) / max(each, 1e-9))
        characters = sum(len(many[at][row] or "") for at in model.text_columns for row in rows)
        per_character = each * _ROWS / characters if characters else 0.0
        longest = MAX_INLINE_SECONDS / per_character if per_character else MAX_UNMEASURED
        if not model.text_columns:
            longest = math.inf
        return cls(one_by_one, max(1, int(min(inline, 1e6))), longest)


def _seconds(call: Callable[[], object]) -> float:
    """The least of ``_TIMES`` measurements: the time without interruptions."""
    best = math.inf
    for _ in range(_TIMES):
        started = perf_counter()
        call()
        best = min(best, perf_counter() - started)
    return best
