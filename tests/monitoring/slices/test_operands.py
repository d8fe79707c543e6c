"""Conditions have three truth values; null is neither true nor false."""

from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices.operands import Operand, ThreeValued, arithmetic, compare

TRUTHS = st.sampled_from([True, False, None])


def three(values: list[bool | None]) -> ThreeValued:
    return ThreeValued(
        np.array([value is True for value in values]), np.array([value is None for value in values])
    )


def told(found: ThreeValued) -> list[bool | None]:
    return [None if null else bool(true) for true, null in zip(found.true, found.null, strict=True)]


@given(st.lists(st.tuples(TRUTHS, TRUTHS), min_size=1))
def test_and_or_not_are_those_of_sql(pairs):
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    both = [
        False if False in pair else None if None in pair else True
        for pair in zip(left, right, strict=True)
    ]
    any_of = [
        True if True in pair else None if None in pair else False
        for pair in zip(left, right, strict=True)
    ]
    assert told(three(left) & three(right)) == both
    assert told(three(left) | three(right)) == any_of
    assert told(~three(left)) == [None if value is None else not value for value in left]
    assert told(~(three(left) & three(right))) == told(~three(left) | ~three(right))


def column(values: list[object], dtype: object = None) -> Operand:
    return Operand.of_column("x", pd.Series(values, dtype=dtype))


@given(st.lists(st.none() | st.integers(-3, 3), min_size=1), st.integers(-3, 3))
def test_a_comparison_with_null_is_null(values, constant):
    found = compare(operator.lt, column(values, "Int64"), Operand.of_constant(constant))
    assert told(found) == [None if value is None else value < constant for value in values]


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (column(["2024-01-31", None], "datetime64[s]"), "2024-01-31", [True, None]),
        (column([True, False]), 1, [True, False]),
        (column(["a", None, "b"], "str"), "a", [True, None, False]),
        (column(["a", 1, None], object), "a", [True, False, None]),
        (column([None, None], object), "a", [None, None]),
        (column(pd.Categorical(["a", "b", None])), "a", [True, False, None]),
        (column([2**70, "a"], object), 2**70, [True, False]),
    ],
)
def test_values_equal_where_they_are_alike(left, right, wanted):
    assert told(compare(operator.eq, left, Operand.of_constant(right))) == wanted


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (column([1.0]), "a", "expected alike values in a comparison, got x"),
        (column(["a"], "str"), 1, "expected alike values in a comparison"),
        (column([1.0], "datetime64[s]"), "soon", "expected a date such as '2024-01-31'"),
    ],
)
def test_values_that_can_never_be_alike_are_a_mistake_of_the_rule(left, right, message):
    with pytest.raises(ValueError, match=message):
        compare(operator.eq, left, Operand.of_constant(right))


def test_among_values_of_any_kind_an_unlike_order_is_null_and_an_unlike_value_differs():
    mixed = column([1, "a", None], object)
    assert told(compare(operator.lt, mixed, Operand.of_constant(2))) == [True, None, None]
    assert told(compare(operator.ne, mixed, Operand.of_constant(2))) == [True, True, None]


def test_what_is_not_finite_in_arithmetic_is_null():
    found = arithmetic(operator.truediv, column([1.0, 0.0, None]), column([2.0, 0.0, 1.0]))
    assert found.null.tolist() == [False, True, True]
    assert found.values[0] == 0.5
    with pytest.raises(ValueError, match="expected numbers in arithmetic"):
        arithmetic(operator.add, column(["a"], "str"), Operand.of_constant(1))
