"""A frame that passes the model's connection is equal, with the dtypes of training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from modelhost.columns import decode_columns
from modelhost.frames import FrameBuilder
from packager.errors import PackageError
from packager.model.frame_columns import encode_frame

TIMES = pd.to_datetime(["2024-01-31T10:00:00", None] * 10)
FRAME = pd.DataFrame(
    {
        "float": [0.1, np.nan] * 10,
        "float32": np.array([0.1, np.nan] * 10, np.float32),
        "int8": np.arange(20, dtype=np.int8),
        "uint64": np.array([2**64 - 1] * 20, np.uint64),
        "bool": [True, False] * 10,
        "Int64": pd.array([2**60 + 1, None] * 10, "Int64"),
        "boolean": pd.array([True, None] * 10, "boolean"),
        "Float64": pd.array([0.1, None] * 10, "Float64"),
        "str": pd.Series(["Grüße", None] * 10, dtype="str"),
        "string": pd.Series(["a", None] * 10, dtype="string"),
        "object": pd.Series(["a", np.nan] * 10, dtype=object),
        "mixed": pd.Series(["a", 1, True, 0.5, np.nan] * 4, dtype=object),
        "category": pd.Categorical(["x", None] * 10, ["z", "x"]),
        "ordered": pd.Categorical([3, 1] * 10, [3, 1], ordered=True),
        "seconds": TIMES.astype("datetime64[s]"),
        "zoned": TIMES.tz_localize("UTC").tz_convert("Europe/Zurich"),
    }
)


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_every_dtype_passes(rows: int) -> None:
    frame = FRAME.head(rows)
    specs, columns = encode_frame(frame)
    values = decode_columns(columns.described, columns.buffers, columns.rows)
    made = FrameBuilder(specs).frame(values, columns.rows)
    pd.testing.assert_frame_equal(made, frame)


@pytest.mark.parametrize(
    "values", [pd.timedelta_range("1h", periods=2), [b"a", "b"], [1 + 2j, 0], [[1], {}]]
)
def test_another_dtype_is_refused_by_name(values: object) -> None:
    with pytest.raises(PackageError, match="column 'x': expected numbers, text, booleans"):
        encode_frame(pd.DataFrame({"x": values}))


def test_objects_that_are_arrays_of_one_shape_pass_as_arrays() -> None:
    cells = np.empty(3, object)
    cells[0], cells[1], cells[2] = np.ones((2, 2), np.uint8), np.zeros((2, 2), np.uint8), None
    specs, columns = encode_frame(pd.DataFrame({"pixels": cells}))
    assert (specs[0].kind, specs[0].shape, specs[0].element) == ("array", (2, 2), "uint8")
    (decoded,) = decode_columns(columns.described, columns.buffers, 3)
    made = FrameBuilder(specs).frame([decoded], 3)["pixels"]
    assert made[0].tolist() == [[1, 1], [1, 1]]
    assert pd.isna(made[2])


def test_arrays_of_several_shapes_are_refused_by_name() -> None:
    cells = np.empty(2, object)
    cells[0], cells[1] = np.ones(2), np.ones(3)
    with pytest.raises(PackageError, match="column 'pixels': expected numbers"):
        encode_frame(pd.DataFrame({"pixels": cells}))
