"""``features = "array"``: the model gets one array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelhost.array_input import ArrayBuilder, input_builder, own_input
from modelhost.columns import ColumnSpec
from modelhost.errors import PackageError
from modelhost.model import LoadedModel

SPEC = ColumnSpec("x", "array", "object", None, (2, 3), "float32")


class Sums:
    """Predicts the sum of each array."""

    n_features_in_ = 6

    def predict(self, rows: Any) -> Any:
        assert type(rows) is np.ndarray
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        assert not rows.flags.writeable
        return rows.sum(axis=(1, 2))


def test_the_array_is_the_block_itself_or_made_of_cells() -> None:
    block = np.arange(12, dtype="f4").reshape(2, 2, 3)
    builder = input_builder("array", [SPEC])
    made = builder.frame([block], 2)
    assert np.shares_memory(made, block)
    assert own_input(made) is made
    model = LoadedModel(Sums(), "regression", None, False, takes="array")
    assert model.feature_count is None
    assert model.predict(made).labels == [15.0, 51.0]
    assert model.predict(builder.frame([list(block)], 2)).labels == [15.0, 51.0]
    assert model.predict(builder.frame([[]], 0)).labels == []


def test_a_null_and_other_columns_are_refused_by_name() -> None:
    with pytest.raises(PackageError, match="in every row of 'x', got null in row 1"):
        ArrayBuilder([SPEC]).frame([[np.zeros((2, 3)), None]], 2)
    number = ColumnSpec("n", "number", "float64")
    for columns in ([number], [SPEC, number], []):
        with pytest.raises(PackageError, match="expected one feature, a column of arrays"):
            ArrayBuilder(columns)
