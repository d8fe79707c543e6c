"""Numeric columns encoded together have the same bits as encoded one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from form_samples import VALUES, equal_floats, ops
from hypothesis import given
from hypothesis import strategies as st

from packager.model.compiled.column_blocks import ColumnBlock, Limits, apply
from packager.model.compiled.form import Number, Op

pytestmark = pytest.mark.slow

COLUMNS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=9)


def block(*numbers: Number) -> ColumnBlock:
    limits = [Limits(column, -1e6, 1e6, nulls=column == 0) for column in (0, 1)]
    return ColumnBlock(limits, numbers)


@given(COLUMNS, st.lists(st.tuples(st.integers(0, 1), ops()), max_size=6))
def test_a_group_of_columns_is_computed_as_each_of_them(rows, plan):
    numbers = [Number(position=at, column=c, ops=o) for at, (c, o) in enumerate(plan)]
    made = block(*numbers)
    values = made.values(list(zip(*rows, strict=True)))
    with np.errstate(all="ignore"):
        found = made.made(values)
        for number, row in zip(numbers, found, strict=True):
            alone = apply(number.ops, values[number.column])
            assert all(map(equal_floats, row.tolist(), alone.tolist()))


@given(COLUMNS)
def test_a_row_is_inside_where_every_value_is_within_its_limits(rows):
    made = block()
    inside = made.inside(made.values(list(zip(*rows, strict=True)))).tolist()
    for row, found in zip(rows, inside, strict=True):
        assert found == (
            (row[0] is None or abs(row[0]) <= 1e6) and row[1] is not None and abs(row[1]) <= 1e6
        )


def test_integers_booleans_and_nulls_become_floats():
    found = block().values([[2**53, True, 3], [0, None, 1.5]])
    assert found[0].tolist() == [2.0**53, 1.0, 3.0]
    assert found[1].tolist()[::2] == [0.0, 1.5]
    assert math.isnan(found[1, 1])


def test_a_block_of_no_columns_has_no_numbers():
    empty = ColumnBlock([], [])
    assert empty.made(empty.values([])).shape == (0, 0)


def test_bins_count_the_edges_that_a_value_has_reached_and_null_is_beyond_all():
    op = Op(name="bins", values=(1.0, 2.0))
    assert apply([op], np.array([0.5, 1.0, 2.5, np.nan])).tolist() == [0, 1, 2, 2]
