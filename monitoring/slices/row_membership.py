"""Computes the slices of rows as bitmaps.

Values are as the server stores them: None for null, numbers, text, booleans, and times as ticks
(:mod:`monitoring.slices.clock`). Frames are converted first (:mod:`monitoring.slices.cells`), so
that a build, a check and the server assign the same slices to a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from monitoring.calendar_values import CalendarUnit
from monitoring.column_arrays import ColumnArrays, ColumnLayout
from monitoring.slices.clock import Clock
from monitoring.slices.compiler import RuleCompiler
from monitoring.slices.derived_cells import derived_cells

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
        clocks: Mapping[str, Clock],
    ) -> None:
        """Compile the slices of rows whose cells are named ``columns``.

        ``values``: column → declared values as text; ``clocks``: datetime units.

        Raises ``ValueError`` for an unknown column or a condition that can't be applied.
        """
        rules = [*rules]
        indices = {name: at for at, name in enumerate(columns)}
        derived = {name: own for rule in rules for name, own in rule.derived.items()}
        for name, own in derived.items():
            if name in indices or own.column not in indices:
                got = "a column too" if name in indices else f"no column {own.column!r}"
                raise ValueError(f"slices: expected {name!r} to be derived only, got {got}")
        self._derived = [
            (indices[own.column], partial(derived_cells, measure=own.measure, clock=clock))
            for own in derived.values()
            for clock in [clocks.get(own.column)]
        ]
        indices |= {name: at for at, name in enumerate(derived, start=len(columns))}
        source = RuleCompiler(indices, clocks)
        terms: list[_Term] = []
        first = 1
        for name, texts in values.items():
            cell, bits = source.cell(name), SliceBitmap(texts, first, clocks.get(name))
            known, other = source.name(bits.known), source.name(bits.of)
            text = f"({known}[{cell}] if {cell} in {known} else {other}({cell}))"
            terms.append(_Term(frozenset({indices[name]}), text))
            first += len(texts) + 1
        for index, rule in enumerate(rules, start=first):
            text = f"({1 << index} if {source.holds(rule.condition, rule.names)} else 0)"
            used = frozenset(indices[name] for name in rule.names.values() if name in indices)
            terms.append(_Term(used, text))
        self._terms = terms
        self._scope = source.scope
        self._all = _Bitmap(terms, source.scope, everything=True)
        self._layout: ColumnLayout | None = None

    def bitmap(self, row: Row) -> int:
        """The bitmap of one row."""
        if self._derived:
            row = [*row, *(derive([row[at]])[0] for at, derive in self._derived)]
        return self._all.of_row(row)

    def bitmaps(self, columns: Sequence[Sequence[Any]], rows: int) -> list[int]:
        """The bitmap of each row; ``columns``: sequences of ``rows`` values each."""
        columns = self._with_derived(columns)
        return list(self._all.of_rows(columns)) if self._terms else [1] * rows

    def bitmaps_of(
        self, columns: Sequence[Sequence[Any]], arrays: ColumnArrays
    ) -> npt.NDArray[np.int64]:
        """As ``bitmaps``, of columns that are at hand as arrays too.

        What depends on one column with codes is looked up by code.
        """
        if arrays.layout is not self._layout:
            self._prepare(arrays.layout)
        rows = arrays.codes.shape[1]
        bitmaps = np.ones(rows, np.int64)
        for row in self._code_rows:
            bitmaps |= self._by_code[arrays.codes[row]]
        if self._rest is not None:
            whole = self._with_derived(columns)
            bitmaps |= np.fromiter(self._rest.of_rows(whole), np.int64, rows)
        return bitmaps

    def _with_derived(self, columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        if not self._derived:
            return columns
        return [*columns, *(derive(columns[at]) for at, derive in self._derived)]

    def _prepare(self, layout: ColumnLayout) -> None:
        """Compute what depends on one column with codes, for each code."""
        coded = {frozenset({column}) for column in layout.categories}
        single = {
            column: _Bitmap([term for term in self._terms if term.columns == {column}], self._scope)
            for column in layout.categories
            if any(term.columns == {column} for term in self._terms)
        }

        def meaning(column: int, value: Any) -> int:
            return single[column].of(value) if column in single else 0

        self._by_code = layout.translated(meaning).astype(np.int64)
        self._code_rows = [layout.categories[column] for column in single]
        rest = [term for term in self._terms if term.columns not in coded]
        self._rest = _Bitmap(rest, self._scope) if rest else None
        self._layout = layout


@dataclass(frozen=True)
class _Term:
    """Source of the bits that depend on some columns, by index."""

    columns: frozenset[int]
    text: str


class _Bitmap:
    """The bits of several terms."""

    def __init__(
        self, terms: Sequence[_Term], scope: Mapping[str, Any], *, everything: bool = False
    ) -> None:
        """``everything``: bit 0 is set too."""
        self._cells = sorted({column for term in terms for column in term.columns})
        texts = [*(["1"] if everything else []), *(term.text for term in terms)]
        self.of = _function([f"v{at}" for at in self._cells], " | ".join(texts), scope)
        self._some = itemgetter(*self._cells) if len(self._cells) > 1 else self._few

    def of_row(self, row: Row) -> int:
        """The bits of one row."""
        bits: int = self.of(*self._some(row))
        return bits

    def of_rows(self, columns: Sequence[Sequence[Any]]) -> Iterator[int]:
        """The bits of each row; the terms have at least one column."""
        return map(self.of, *self._some(columns))

    def _few(self, row: Row) -> Row:
        return [row[at] for at in self._cells]


def _function(names: Sequence[str], expression: str, scope: Mapping[str, Any]) -> Any:
    """A function of ``names``; ``scope`` holds the functions and constants it uses."""
    return eval(f"lambda {', '.join(names)}: {expression}", {"__builtins__": {}, **scope})


class SliceBitmap:
    """Maps a column's value to its bit: that of a declared value, or of ``other``."""

    def __init__(self, values: Sequence[str], first_bit: int, clock: Clock | None) -> None:
        self._other = 1 << (first_bit + len(values))
        self.known: dict[Any, int] = {
            text: 1 << (first_bit + index) for index, text in enumerate(values)
        }
        """Text → bit; None, which no text equals, is in ``other``."""
        self.known[None] = self._other
        self._clock = clock
        if isinstance(clock, CalendarUnit) and clock.kind == "decimal":  # 12.3 equals 12.30
            self.known |= {Decimal(text): bit for text, bit in self.known.items() if text}

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
