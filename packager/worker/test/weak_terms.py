"""Terms that slices are searched by: conditions on one column, in the language of slice rules."""

from __future__ import annotations

import json
import keyword
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.stats.slice_features import Grid, SliceFeature, Span

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Constant = bool | int | float | str

MAX_CONSTANT = 200
"""Characters of a text in a rule; a longer value has no rule."""
MAX_LIST = 300
"""Characters of a list of values in a rule."""
COARSE = 3
"""A third of the rows is in each wider bin of a number; every bin begins in the middle of another.
"""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Term:
    """A condition on one column."""

    rule: str
    """``30 <= age < 40``."""
    bins: tuple[int, ...]


@dataclass(frozen=True)
class Ranges:
    """A finer grid of a number, to which ranges are fitted."""

    name: str
    """As a rule names it."""
    edges: tuple[str, ...]
    codes: Codes
    """The bin of each row, (n,); -1 for null."""
    starts: tuple[int, ...]
    """The first bin of the grid in each bin of the feature, and the number of bins last."""

    def span(self, bins: tuple[int, ...]) -> Span | None:
        """The grid's bins in consecutive ``bins`` of the feature; None for null."""
        if bins[-1] + 1 >= len(self.starts):
            return None
        return self.starts[bins[0]], self.starts[bins[-1] + 1]


@dataclass(frozen=True)
class TermFeature:
    """A column, or what is derived from it, as bins of n rows and terms on them."""

    name: str
    """``age``, ``note.length``."""
    codes: Codes
    """The bin of each row, (n,); -1 for none."""
    size: int
    """Bins."""
    terms: tuple[Term, ...] = ()
    ranges: Ranges | None = None
    """Of a number."""

    def rule(self, term: int, span: Span | None) -> str:
        """The rule of a term, or of the bins ``span`` of ``ranges``."""
        if span is None:
            return self.terms[term].rule
        assert self.ranges is not None
        return _between(self.ranges.name, self.ranges.edges, *span)

    @property
    def searched(self) -> SliceFeature:
        """The feature of the search."""
        holds = np.zeros((len(self.terms), self.size), np.bool_)
        for at, term in enumerate(self.terms):
            holds[at, list(term.bins)] = True
        grid = None
        if self.ranges is not None:
            spans = tuple(self.ranges.span(term.bins) for term in self.terms)
            grid = Grid(self.ranges.codes, spans, self.ranges.starts[-1])
        return SliceFeature(self.name, self.codes, holds, grid)


def operand(column: str, measure: str | None = None) -> str | None:
    """A column, or a measure of it, as a rule names it; None if no rule can."""
    if "`" in column or not column:
        return None
    plain = _PLAIN.fullmatch(column) and not keyword.iskeyword(column)
    name = column if plain else f"`{column}`"
    return name if measure is None else f"{name}.{measure}"


def literal(value: Any) -> str | None:
    """A constant of a rule; None for a value that has none."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or type(value) is int:
        return str(value)
    if isinstance(value, float):
        return _number(value) if math.isfinite(value) else None
    if not isinstance(value, str) or len(value) > MAX_CONSTANT:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    return json.dumps(value, ensure_ascii=False)


def interval_terms(name: str, edges: Sequence[str], counts: Sequence[int]) -> list[Term]:
    """Terms of the bins between ``edges``, and wider ones (``COARSE``).

    ``counts``: rows of each bin, one more than edges.
    """
    if not edges:
        return []
    terms = [Term(_between(name, edges, at, at + 1), (at,)) for at in range(len(counts))]
    if len(counts) <= COARSE:
        return terms
    before = np.concatenate([[0], np.cumsum(counts)]) / max(1, sum(counts))
    parts = np.arange(2 * COARSE + 1) / (2 * COARSE)
    cuts = [int(np.abs(before - part).argmin()) for part in parts]
    wide = dict.fromkeys(zip(cuts, cuts[2:], strict=False))
    return terms + [
        Term(_between(name, edges, start, end), tuple(range(start, end)))
        for start, end in wide
        if 1 < end - start < len(counts)
    ]


def value_terms(name: str, values: Sequence[Sequence[Constant]], rest: bool) -> list[Term]:
    """A term for each bin of equal values; with ``rest`` the last bin is that of all others.

    A bin of values without a constant in the language has no term.
    """
    terms: list[Term] = []
    known: list[str | None] = []
    for at, group in enumerate(values):
        texts = [literal(value) for value in group]
        known += texts
        some = [text for text in texts if text is not None]
        if len(some) == len(texts):
            terms.append(Term(_equal(name, group, some), (at,)))
    listed = ", ".join(text for text in known if text is not None)
    if rest and None not in known and len(listed) <= MAX_LIST:
        terms.append(Term(f"{name} not in [{listed}]", (len(values),)))
    return terms


def missing_term(name: str, code: int) -> Term:
    """The term of null."""
    return Term(f"{name} is None", (code,))


def with_missing(
    name: str, own: str, codes: Codes, size: int, terms: Sequence[Term]
) -> TermFeature | None:
    """The feature with a bin ``size`` of null, if there is any; None without two bins."""
    null = bool((codes == size).any())
    all_terms = (*terms, *([missing_term(own, size)] if null else []))
    return (
        TermFeature(name, codes, size + null, all_terms) if size + null > 1 and all_terms else None
    )


def _equal(name: str, values: Sequence[Constant], texts: Sequence[str]) -> str:
    if len(values) > 1:
        return f"{name} in [{', '.join(texts)}]"
    if isinstance(values[0], bool):
        return name if values[0] else f"not {name}"
    return f"{name} == {texts[0]}"


def _between(name: str, edges: Sequence[str], start: int, end: int) -> str:
    """The rule of the bins from ``start`` to before ``end``."""
    if start == 0:
        return f"{name} < {edges[end - 1]}"
    if end > len(edges):
        return f"{name} >= {edges[start - 1]}"
    return f"{edges[start - 1]} <= {name} < {edges[end - 1]}"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
