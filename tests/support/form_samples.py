"""Compiled forms constructed by hand: numeric and categorical columns, and a linear head."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from packager.model.compiled.form import Domain, Form, Linear, LookupTable, Matrix, Number, Op

FLOATS = st.floats(-1e6, 1e6)
VALUES = st.none() | FLOATS | st.sampled_from([0.0, -0.0, 5e-324, 1e300])
"""Possible values of a numeric column in a request."""
WORDS = st.none() | st.sampled_from(["a", "b", "new", "", "a\0"])
"""Possible values of a categorical column; NumPy's strings would truncate the last one."""

_SIZES = {"subtract": 1, "divide": 1, "multiply": 1, "add": 1, "fill": 1, "above": 1, "equals": 1}


def ops() -> st.SearchStrategy[tuple[Op, ...]]:
    """Several operations on a number, in any order."""
    plain = st.sampled_from(sorted(_SIZES)).flatmap(
        lambda name: st.floats(0.5, 100).map(lambda value: Op(name=name, values=(value,)))
    )
    clips = st.tuples(FLOATS, FLOATS).map(
        lambda ends: Op(name="clip", values=(min(ends), max(ends)))
    )
    bins = st.lists(FLOATS, min_size=1, max_size=3).map(
        lambda edges: Op(name="bins", values=tuple(sorted(edges)))
    )
    return st.lists(plain | clips | bins | st.just(Op(name="isnull")), max_size=3).map(tuple)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Matrix, tuple[Domain, ...]]:
    """Two numeric columns and a categorical one, as a matrix of at most seven entries."""
    numbers = [
        Number(position=at, column=draw(st.integers(0, 1)), ops=draw(ops()))
        for at in range(draw(st.integers(0, 4)))
    ]
    width, tables = len(numbers), []
    if draw(st.booleans()):
        places = (width, width + 1)
        entries = st.lists(
            st.tuples(st.sampled_from(places), st.none() | st.floats(-9, 9)),
            max_size=2,
            unique_by=lambda entry: entry[0],
        ).map(tuple)
        tables.append(
            LookupTable(
                column=2,
                default=tuple((at, draw(st.floats(-9, 9))) for at in places),
                keys=("a", "b"),
                entries=(draw(entries), draw(entries)),
                null=draw(st.none() | entries),
                unknown=draw(st.none() | entries),
            )
        )
        width += 2
    domains = tuple(
        Domain(name=name, used=True, nulls=draw(st.booleans()), low=-1e6, high=1e6)
        for name in ("x", "y")
    )
    kind = Domain(name="kind", used=True, nulls=True)
    matrix = Matrix(width=max(1, width), numbers=tuple(numbers), tables=tuple(tables))
    return matrix, (*domains, kind)


def rows() -> st.SearchStrategy[list[list[Any]]]:
    """Several rows for ``matrices``."""
    return st.lists(st.tuples(VALUES, VALUES, WORDS).map(list), min_size=1, max_size=12)


@st.composite
def linear_forms(draw: st.DrawFn, classes: int | None = None) -> Form:
    """A form with a linear head, for a regression or for two or more classes."""
    matrix, domains = draw(matrices())
    scores = 1 if classes is None or classes == 2 else classes
    weight = st.floats(-3, 3)
    link = "none" if classes is None else "logistic" if scores == 1 else "softmax"
    head = Linear(
        coefficients=tuple(tuple(draw(weight) for _ in range(matrix.width)) for _ in range(scores)),
        intercept=tuple(draw(weight) for _ in range(scores)),
        link=link,
    )
    return Form(columns=domains, steps=(), matrix=matrix, head=head, nan=False, tolerance=1e-9)


def equal_floats(one: float, other: float) -> bool:
    """Whether two floats are equal, with NaN equal to NaN."""
    return one == other or (math.isnan(one) and math.isnan(other))
