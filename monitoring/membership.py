"""Which slices rows of plain values are in, as bits; for the server, where microseconds count.

Values are as requests hold them: None for null, numbers, text, booleans, and times as ticks
(:mod:`monitoring.times`). :mod:`monitoring.slices` says the same of whole frames.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from operator import or_
from typing import Any

from monitoring.rowconditions import condition
from monitoring.times import Clock

Row = Sequence[Any]


class Membership:
    """The slices that rows of known columns are in: bit ``i`` for the one of number ``i``.

    Number 0 is everything; the values of the sliced columns follow, each column's ``other``
    behind them, then the rules.
    """

    def __init__(
        self,
        columns: Sequence[str],
        values: Mapping[str, Sequence[str]],
        rules: Iterable[tuple[ast.expr, Mapping[str, str]]],
        clocks: Mapping[str, Clock],
    ) -> None:
        """``columns``: names of a row's cells; ``values``: column → declared values as text;
        ``rules``: checked condition, and identifier in it → column; ``clocks``: of datetimes.

        Raises ``ValueError`` for a column that isn't there and a condition that can't be applied.
        """
        self._at = {name: place for place, name in enumerate(columns)}
        self._values: list[tuple[int, ValueBits]] = []
        first = 1
        for name, texts in values.items():
            self._values.append((self._place(name), ValueBits(texts, first, clocks.get(name))))
            first += len(texts) + 1
        self._conditions = []
        for place, (node, names) in enumerate(rules, start=first):
            at = {identifier: self._place(name) for identifier, name in names.items()}
            timed = {i: clocks[name] for i, name in names.items() if name in clocks}
            self._conditions.append((1 << place, condition(node, at, timed)))

    def bitmap(self, row: Row) -> int:
        """The slices of one row."""
        bits = 1
        for place, values in self._values:
            bits |= values.of(row[place])
        for bit, holds in self._conditions:
            if holds(row):
                bits |= bit
        return bits

    def bitmaps(self, columns: Sequence[Sequence[Any]], rows: int) -> list[int]:
        """The slices of each row, as ``bitmap`` has them; ``columns``: of ``rows`` values each."""
        bitmaps = [1] * rows
        for place, values in self._values:
            bitmaps = list(map(or_, bitmaps, values.of_all(columns[place])))
        cells = list(zip(*columns, strict=True)) if self._conditions else ()
        for bit, holds in self._conditions:
            bitmaps = [b | bit if holds(row) else b for b, row in zip(bitmaps, cells, strict=False)]
        return bitmaps

    def _place(self, name: str) -> int:
        if name not in self._at:
            raise ValueError(f"slices: column {name!r} is absent")
        return self._at[name]


class ValueBits:
    """The bit of a column's value: one of its declared values, or ``other``."""

    def __init__(self, values: Sequence[str], first_bit: int, clock: Clock | None) -> None:
        self._bits = {text: 1 << (first_bit + place) for place, text in enumerate(values)}
        self._other = 1 << (first_bit + len(values))
        self._clock = clock

    def of(self, value: Any) -> int:
        """The bit of one value."""
        if type(value) is str:
            return self._bits.get(value, self._other)
        if value is None:
            return self._other
        return next((self._bits[t] for t in self._texts(value) if t in self._bits), self._other)

    def of_all(self, values: Sequence[Any]) -> Iterable[int]:
        """The bit of each value."""
        if set(map(type, values)) == {str}:
            return map(self._bits.get, values, repeat(self._other))
        return map(self.of, values)

    def _texts(self, value: Any) -> tuple[str, ...]:
        if self._clock is not None:
            return (self._clock.text(value),)
        if isinstance(value, float) and value.is_integer():
            return str(value), str(int(value))  # 2.0 is the 2 of a column of integers
        if type(value) is int:
            return str(value), str(float(value)) if abs(value) < 2**53 else ""
        return (str(value),)
