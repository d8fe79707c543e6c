"""Computes the slices of rows as bitmaps.

Values are as the server stores them: None for null, numbers, text, booleans, and times as ticks
(:mod:`monitoring.slices.clock`). Frames are converted first (:mod:`monitoring.slices.cells`), so
that a build, a check and the server assign the same slices to a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from monitoring.derived.measures import as_values, measured
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.compiler import RuleCompiler

if TYPE_CHECKING:
    from monitoring.slices.slices import Rule

Row = Sequence[Any]


class RowMembership:
    """The slices of rows with known columns: bit ``i`` for slice number ``i``.

    Number 0 is everything; then the values of each sliced column, followed by its ``other``; then
    the rules. They are compiled to one expression, because this code runs for every row.
    """

    def __init__(
        self,
        columns: Sequence[str],
        values: Mapping[str, Sequence[str]],
        rules: Iterable[Rule],
        clocks: Mapping[str, DatetimeUnit],
    ) -> None:
        """Compile the slices of rows whose cells are named ``columns``.

        ``values``: column → declared values as text; ``clocks``: datetime units.

        Raises ``ValueError`` for an unknown column or a condition that can't be applied.
        """
        rules = [*rules]
        derived = {name: own for rule in rules for name, own in rule.derived.items()}
        places = {name: at for at, name in enumerate(columns)}
        for name, own in derived.items():
            if name in places or own.column not in places:
                found = "a column too" if name in places else f"no column {own.column!r}"
                raise ValueError(f"slices: expected {name!r} to be derived only, got {found}")
        self._derived = [(places[own.column], own) for own in derived.values()]
        named = [*columns, *derived]
        source = RuleCompiler({name: at for at, name in enumerate(named)}, clocks)
        terms = ["1"]
        first = 1
        for name, texts in values.items():
            cell, bits = source.cell(name), SliceBitmap(texts, first, clocks.get(name))
            known, other = source.name(bits.known), source.name(bits.of)
            terms.append(f"({known}[{cell}] if {cell} in {known} else {other}({cell}))")
            first += len(texts) + 1
        for place, rule in enumerate(rules, start=first):
            terms.append(f"({1 << place} if {source.holds(rule.condition, rule.names)} else 0)")
        self._cells = sorted(source.used)
        self._of = itemgetter(*self._cells) if len(self._cells) > 1 else self._some
        self._bitmap = _function([f"v{at}" for at in self._cells], " | ".join(terms), source.scope)

    def bitmap(self, row: Row) -> int:
        """The bitmap of one row."""
        if self._derived:
            row = [
                *row,
                *(as_values(measured([row[at]], own.measure))[0] for at, own in self._derived),
            ]
        bitmap: int = self._bitmap(*self._of(row))
        return bitmap

    def bitmaps(self, columns: Sequence[Sequence[Any]], rows: int) -> list[int]:
        """The bitmap of each row; ``columns``: sequences of ``rows`` values each."""
        if not self._cells:
            return [self._bitmap()] * rows
        if self._derived:
            many = [as_values(measured(columns[at], own.measure)) for at, own in self._derived]
            columns = [*columns, *many]
        return list(map(self._bitmap, *self._of(columns)))

    def _some(self, row: Row) -> Row:
        return [row[at] for at in self._cells]


def _function(names: Sequence[str], expression: str, scope: Mapping[str, Any]) -> Any:
    """A function of ``names``; ``scope`` holds the functions and constants it uses."""
    return eval(f"lambda {', '.join(names)}: {expression}", {"__builtins__": {}, **scope})


class SliceBitmap:
    """Maps a column's value to its bit: that of a declared value, or of ``other``."""

    def __init__(self, values: Sequence[str], first_bit: int, clock: DatetimeUnit | None) -> None:
        self._other = 1 << (first_bit + len(values))
        self.known: dict[Any, int] = {
            text: 1 << (first_bit + place) for place, text in enumerate(values)
        }
        """Text → bit; None, which no text equals, is in ``other``."""
        self.known[None] = self._other
        self._clock = clock

    def of(self, value: Any) -> int:
        """The bit of one value."""
        if type(value) is str or value is None:
            return self.known.get(value, self._other)
        return next((self.known[t] for t in self._texts(value) if t in self.known), self._other)

    def _texts(self, value: Any) -> tuple[str, ...]:
        if self._clock is not None:
            return (self._clock.text(value),)
        if isinstance(value, float) and not value:
            return "0.0", "-0.0", "0"  # equal values, of which any may be declared
        if isinstance(value, float) and value.is_integer():
            return str(value), str(int(value))  # 2.0 equals the 2 of an integer column
        if type(value) is int:
            return str(value), str(float(value)) if abs(value) < 2**53 else ""
        return (str(value),)
