"""The columns that each matrix entry depends on, tracked through a model's transformers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from modelhost.compiling.provenance import (
    LookupFeature,
    MatrixBlock,
    NumericFeature,
    OpaqueFeature,
    ScalarOp,
    StepFeature,
    after,
    describe,
    first_cell,
)
from packager.manifest.manifest import Column


def column(kind: str, dtype: str, **more: object) -> Column:
    return Column.model_validate(
        {"name": "x", "kind": kind, "dtype": dtype, "nullable": False, **more}
    )


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (column("number", "float64"), NumericFeature),
        (column("integer", "uint8"), NumericFeature),
        (column("string", "str"), LookupFeature),
        (column("boolean", "bool"), LookupFeature),
        (column("string", "category", categories=("a",)), LookupFeature),
        (column("number", "ordered category", categories=(1, 2)), LookupFeature),
        (column("number", "float32"), OpaqueFeature),
        (column("integer", "Int64"), OpaqueFeature),
        (column("boolean", "boolean"), OpaqueFeature),
        (column("string", "string"), OpaqueFeature),
        (column("any", "category"), OpaqueFeature),
        (column("datetime", "datetime64[s]"), OpaqueFeature),
    ],
)
def test_a_column_is_a_number_a_table_or_nothing_that_a_form_takes(told, kind):
    cell = first_cell(3, told)
    assert isinstance(cell, kind)
    assert cell.column == 3
    if kind is OpaqueFeature:
        assert cell.reason.startswith("column 'x' ")


def test_ops_are_added_to_numbers_and_lost_on_what_is_tabled():
    op = ScalarOp(name="isnull")
    assert after(NumericFeature(0, (op,)), op) == NumericFeature(0, (op, op))
    assert after(StepFeature(0, 1), op) == StepFeature(0, 1, (op,))
    assert after(LookupFeature(0), op) == LookupFeature(0)


@pytest.mark.parametrize(
    "data", [None, np.arange(6.0).reshape(2, 3), pd.DataFrame(np.arange(6.0).reshape(2, 3))]
)
def test_chosen_columns_take_their_data_with_them(data):
    block = MatrixBlock(tuple(NumericFeature(place) for place in range(3)), data).take([2, 0])
    assert [cell.column for cell in block.cells] == [2, 0]
    if data is not None:
        assert np.asarray(block.data).tolist() == [[2.0, 0.0], [5.0, 3.0]]


def test_a_block_knows_whether_it_is_sparse_or_narrower_than_float64():
    whole = np.zeros((2, 2))
    assert MatrixBlock((), sparse.csr_matrix(whole)).sparse
    assert not MatrixBlock((), whole).sparse
    assert MatrixBlock((), whole.astype("float32")).narrow
    assert MatrixBlock((), pd.DataFrame({"a": np.zeros(2, "float32"), "b": [1, 2]})).narrow
    assert not MatrixBlock((), pd.DataFrame({"a": ["x"], "b": [1]})).narrow
    assert not MatrixBlock((), None).narrow


def test_a_part_is_named_by_its_class_and_outside_scikit_learn_by_its_module():
    assert describe(LogisticRegression()) == "LogisticRegression"
    assert describe(MatrixBlock(())) == "modelhost.compiling.provenance.MatrixBlock"
