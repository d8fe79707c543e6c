"""A single row in plain Python and many in NumPy are encoded to the same bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from form_samples import VALUES, equal_floats, matrices, ops, rows
from hypothesis import given
from hypothesis import strategies as st

from packager.manifest.base import MAX_EXACT_INTEGER
from packager.model.compiled import encode
from packager.model.compiled.column_blocks import apply
from packager.model.compiled.encode import Encoder, Lookup, is_exact_key, scalar
from packager.model.compiled.form import LookupTable, Op


@given(ops(), VALUES)
def test_a_number_is_computed_as_in_an_array(steps, value):
    number = math.nan if value is None else value
    with np.errstate(all="ignore"):
        (array,) = apply(steps, np.array([number]))
    assert equal_floats(scalar(steps)(number), float(array))


@pytest.mark.parametrize(
    ("names", "value", "found"),
    [
        ((), 3, 3.0),
        (("fill",), math.nan, 2.0),
        (("subtract", "divide"), 8, 3.0),
        (("fill", "subtract", "divide"), math.nan, 0.0),
        (("subtract", "divide", "isnull"), math.nan, 1.0),
    ],
)
def test_the_common_chains_have_a_function_of_their_own(names, value, found):
    steps = [Op(name=name, values=(2.0,) if name != "isnull" else ()) for name in names]
    assert scalar(steps)(value) == found


@pytest.mark.slow
@given(matrices(), rows())
def test_a_row_is_in_the_domain_alone_as_among_others_and_has_the_same_entries(made, chosen):
    encoder = Encoder(*made)
    columns = list(zip(*chosen, strict=True))
    with np.errstate(all="ignore"):
        inside = encoder.inside(columns, len(chosen)).tolist()
        kept = [row for row, good in zip(chosen, inside, strict=True) if good]
        assert [encoder.row(row) is not None for row in chosen] == inside
        if not kept:
            return
        matrix = encoder.fill(list(zip(*kept, strict=True)), len(kept))
    for row, found in zip(kept, matrix.tolist(), strict=True):
        assert all(map(equal_floats, encoder.row(row), found))


TABLE = LookupTable(
    column=0,
    default=((0, 0.0), (2, 1.0)),
    keys=("a", "b"),
    entries=(((0, 5.0),), ((2, None),)),
    unknown=((0, 9.0),),
)


@pytest.mark.parametrize("dense", [10**6, 0], ids=["as an array", "entry by entry"])
def test_a_table_fills_its_own_columns_and_no_others(monkeypatch, dense):
    monkeypatch.setattr(encode, "MAX_DENSE_ENTRIES", dense)
    matrix = np.full((4, 3), 7.0)
    Lookup(TABLE).fill(matrix, ["a", "b", "new", "a"])
    assert matrix[:, 0].tolist() == [5.0, 0.0, 9.0, 5.0]
    assert matrix[:, 1].tolist() == [7.0] * 4
    assert matrix[0, 2] == 1.0
    assert math.isnan(matrix[1, 2])


def test_null_and_text_that_arrays_cut_are_outside_where_no_entry_says_otherwise():
    lookup = Lookup(TABLE)
    assert lookup.find(None) is None
    assert lookup.find("x\0") is None
    assert lookup.find("x") == ((0, 9.0),)
    assert Lookup(TABLE.model_copy(update={"null": ()})).find(None) == ()
    assert Lookup(TABLE.model_copy(update={"unknown": None})).find("x") is None


@given(st.integers() | st.text())
def test_only_keys_that_every_container_holds_are_exact(value):
    if isinstance(value, str):
        assert is_exact_key(value) == ("\0" not in value)
    else:
        assert is_exact_key(value) == (abs(value) < MAX_EXACT_INTEGER)
