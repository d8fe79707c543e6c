"""Slices: all rows, the values of some columns, and rules.

Slices overlap, so they are never summed. Their names are fixed when the package is built; a row
with an unseen or missing value is in ``column=other``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from monitoring.derived.measures import DerivedValue, is_nested
from monitoring.slices import grammar
from monitoring.slices.clock import Clock
from monitoring.slices.kinds import (
    ValueKind,
    check_kinds,
    check_measures,
    kind_of,
    kinds_of_derived,
)
from monitoring.slices.row_membership import RowMembership

if TYPE_CHECKING:
    import pandas as pd

ALL = "__all__"
OTHER = "other"
MAX_SLICES = 24

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """A condition on columns, in the language of :mod:`monitoring.slices.grammar`."""

    text: str
    condition: ast.expr
    names: Mapping[str, str]
    """Identifier in ``condition`` → column, or the name of a derived value."""
    derived: Mapping[str, DerivedValue]
    """Name of a derived value → what it is derived from."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a rule; raises ``ValueError`` naming what is not allowed."""
        return cls(text, *grammar.parse(text))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule uses, sorted."""
        return tuple(
            sorted(
                {*self.names.values()} - self.derived.keys()
                | {d.column for d in self.derived.values()}
            )
        )

    def check(self, dtypes: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` unless the rule can be applied to columns of these dtypes.

        ``dtypes``: column → pandas dtype. The result depends only on dtypes, not on values.
        """
        self.check_kinds({name: kind_of(dtypes[name]) for name in self.columns if name in dtypes})

    def check_kinds(self, kinds: Mapping[str, ValueKind]) -> None:
        """Raise ``ValueError`` unless the rule can be applied to columns of these kinds."""
        absent = [name for name in self.columns if name not in kinds]
        if absent:
            raise ValueError(f"rule {self.text!r}: column {absent[0]!r} is absent")
        try:
            check_measures(self.derived, kinds)
            check_kinds(self.condition, self.names, {**kinds, **kinds_of_derived(self.derived)})
        except ValueError as error:
            raise ValueError(f"rule {self.text!r}: {error}") from error


class SliceSet:
    """All slices of a package."""

    def __init__(self, columns: Mapping[str, Sequence[str]], rules: Mapping[str, str]) -> None:
        """``columns``: column → declared values as text; ``rules``: slice name → rule.

        Raises ``ValueError`` for an invalid rule or a duplicate name.
        """
        self._values = {name: tuple(values) for name, values in columns.items()}
        self._rules = {name: _parse_named(name, text) for name, text in rules.items()}
        value_names = [
            f"{name}={value}" for name, values in self._values.items() for value in (*values, OTHER)
        ]
        self.names: tuple[str, ...] = (ALL, *value_names, *self._rules)
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ValueError(f"expected different names for slices, got {twice[0]!r} twice")
        read = [column for rule in self._rules.values() for column in rule.columns]
        self.needs: tuple[str, ...] = tuple(dict.fromkeys([*columns, *read]))

    def check(self, dtypes: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` unless all slices can be computed from columns of these dtypes."""
        self.check_kinds({name: kind_of(dtypes[name]) for name in self.needs if name in dtypes})

    def check_kinds(self, kinds: Mapping[str, ValueKind]) -> None:
        """Raise ``ValueError`` unless all slices can be computed from columns of these kinds."""
        absent = [name for name in self.needs if name not in kinds]
        if absent:
            raise ValueError(f"slices: column {absent[0]!r} is absent")
        for rule in self._rules.values():
            rule.check_kinds(kinds)

    def masks(self, frame: pd.DataFrame) -> dict[str, Mask]:
        """Slice name → mask of the rows of ``frame`` in it, for every name in order.

        Raises ``ValueError`` if ``frame`` lacks one of ``needs`` or a rule can't be applied.
        """
        from monitoring.slices.cells import clock_of, coded_cells  # it needs pandas

        self.check(dict(frame.dtypes))
        clocks = {name: clock_of(frame[name]) for name in self.needs}
        known = {name: clock for name, clock in clocks.items() if clock is not None}
        if not self.needs:
            return {ALL: np.ones(len(frame), np.bool_)}
        columns, arrays = coded_cells([frame[name] for name in self.needs])
        bitmaps = self.membership(self.needs, known).bitmaps_of(columns, arrays)
        return {name: (bitmaps >> bit & 1).astype(bool) for bit, name in enumerate(self.names)}

    def membership(
        self, columns: Sequence[str], clocks: Mapping[str, Clock] | None = None
    ) -> RowMembership:
        """The membership test for rows of plain values of ``columns``.

        Values are those of :mod:`monitoring.slices.cells`. ``clocks``: datetime column → unit.
        Raises ``ValueError`` if ``columns`` lacks one of ``needs``.
        """
        return RowMembership(columns, self._values, self._rules.values(), clocks or {})


def slice_values(
    frame: pd.DataFrame, columns: Sequence[str], rules: int = 0
) -> dict[str, tuple[str, ...]]:
    """The values of each column that get their own slice.

    The most frequent ones (ties in text order), as many as fit into ``MAX_SLICES`` besides
    ``__all__``, ``rules`` rules and one ``other`` per column; columns with few values leave their
    share to the others. Sorted by text. Raises ``ValueError`` if none would fit.
    """
    room = MAX_SLICES - 1 - rules - len(columns)
    if room < len(columns):
        raise ValueError(
            f"expected at most {MAX_SLICES} slices, got {len(columns)} columns and {rules} rules"
        )
    frequent = {name: _by_frequency(frame[name]) for name in columns}
    declared = {}
    waiting = sorted(frequent, key=lambda name: len(frequent[name]))
    for index, name in enumerate(waiting):
        share = room // (len(waiting) - index)
        declared[name] = tuple(sorted(frequent[name][:share]))
        room -= len(declared[name])
    return {name: declared[name] for name in columns}


def _by_frequency(series: pd.Series[Any]) -> list[str]:
    if is_nested(series):
        raise ValueError(
            f"column {series.name!r} holds arrays, bytes or lists: slice by a rule on a number "
            f"derived from it, such as {series.name}.length > 3"
        )
    counts: dict[str, int] = {}
    for value, count in series.value_counts().items():
        counts[str(value)] = counts.get(str(value), 0) + int(count)
    counts.pop(OTHER, None)  # a value of that name is counted with the others
    return sorted((text for text, count in counts.items() if count), key=lambda t: (-counts[t], t))


def _parse_named(name: str, text: str) -> Rule:
    try:
        return Rule.parse(text)
    except ValueError as error:
        raise ValueError(f"slice {name!r}: {error}") from error
