from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from modelhost.columns import ColumnSpec
from modelhost.frames import FrameBuilder, array_builder, keep_text_plain


def test_text_is_held_in_python_s_own_strings_from_then_on() -> None:
    with pd.option_context("mode.string_storage", "pyarrow"):
        keep_text_plain()
        assert pd.get_option("mode.string_storage") == "python"
        assert pd.Series(["a", None], dtype="string").dtype.storage == "python"  # type: ignore[union-attr]


SPECS = [
    ColumnSpec("plain", "string", "object"),
    ColumnSpec("number", "number", "float64"),
    ColumnSpec("text", "string", "str"),
    ColumnSpec("day", "date", "object"),
    ColumnSpec("count", "integer", "Int64"),
    ColumnSpec("other text", "string", "str"),
    ColumnSpec("grade", "string", "ordered category", ("b", "a")),
    ColumnSpec("other count", "integer", "Int64"),
]
ROWS: list[list[Any]] = [
    ["x", 0.5, "a", "2020-01-02", 3, "d", "a", 2**62],
    [None, None, None, None, None, "c", "unseen", None],
    ["ü", 2.0, "b", "2020-01-03", 1, None, None, 7],
]


@pytest.mark.parametrize("chosen", [range(8), [0, 3], [1, 6], [7, 4, 2], [1, 0], [5]])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_columns_that_are_made_together_equal_those_made_alone(
    chosen: Sequence[int], rows: int
) -> None:
    specs = [SPECS[at] for at in chosen]
    columns = [[row[at] for row in ROWS[:rows]] for at in chosen]
    made = FrameBuilder(specs).frame(columns, rows)
    alone = {
        spec.name: array_builder(spec)(values) for spec, values in zip(specs, columns, strict=True)
    }
    expected = pd.DataFrame(alone, index=pd.RangeIndex(rows))
    pd.testing.assert_frame_equal(made, expected, check_column_type=True)
    assert [*map(type, made.to_numpy().ravel())] == [*map(type, expected.to_numpy().ravel())]
    assert type(made.index) is pd.RangeIndex
