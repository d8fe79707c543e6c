from __future__ import annotations

import datetime as dt
import enum
import json
import subprocess
import sys
import uuid
from collections import namedtuple
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.client.json_values import json_rows, json_value
from packager.errors import UsageError


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


UUID = uuid.UUID(int=5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.1"), 0.1),
        (Decimal("5.00"), 5),
        (Decimal("9007199254740993"), 9007199254740993),
        (Decimal("1E+2"), 100),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (float("nan"), None),
        (np.float64("nan"), None),
        (np.float32(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int8(3), 3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), "a"),
        (np.array(4), 4),
        (np.datetime64("2024-01-31T10:00:00.5"), "2024-01-31T10:00:00.500"),
        (np.datetime64("2024-01-31T10", "ns"), "2024-01-31T10:00:00.000000000"),
        (np.datetime64("2024"), "2024-01-01"),
        (np.datetime64("2024-03"), "2024-03-01"),
        (np.datetime64("2024-01-31"), "2024-01-31"),
        (np.datetime64("2024-01-31T10"), "2024-01-31T10:00"),
        (np.datetime64("NaT"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (None, None),
        (pd.Timestamp("2024-01-31 10:00", tz="UTC"), "2024-01-31T10:00:00+00:00"),
        (pd.Timestamp(1, unit="ns"), "1970-01-01T00:00:00.000000001"),
        (dt.datetime(2024, 1, 31, 10), "2024-01-31T10:00:00"),
        (dt.date(2024, 1, 31), "2024-01-31"),
        (b"caf\xc3\xa9", "café"),
        (bytearray(b"a"), "a"),
        (Colour.RED, "red"),
        (Size.SMALL, 1),
        (UUID, str(UUID)),
        (2**70, 2**70),
        ([np.int64(1), {"a": Decimal("0.5")}], [1, {"a": 0.5}]),
    ],
)
def test_values_become_what_json_has(value: Any, expected: Any) -> None:
    found = json_value(value)
    assert (found, type(found)) == (expected, type(expected))
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("inf"), "expected a finite number, got inf"),
        (np.float32("-inf"), "expected a finite number, got -inf"),
        (Decimal("Infinity"), "expected a finite number, got Infinity"),
        (Decimal("1E+999999"), "expected a finite number, got inf"),
        (2**2000, "expected a finite number, got an integer of 2001 bits"),
        (1j, "expected a value that JSON can hold, got complex"),
        (np.complex64(1), "expected a value that JSON can hold, got complex"),
        (object(), "expected a value that JSON can hold, got object"),
        ({1, 2}, "expected a value that JSON can hold, got set"),
        (np.array([1j]), "expected a value that JSON can hold, got complex"),
        (pd.Timedelta(1), "expected a value that JSON can hold, got Timedelta"),
        (pd.Period("2024"), "expected a value that JSON can hold, got Period"),
        (b"\xff", "expected text in UTF-8, got bytes b'\\xff'"),
        ([1, [float("inf")]], "expected a finite number, got inf"),
    ],
)
def test_what_json_has_not_is_refused_by_row_and_column(value: Any, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        json_rows([{"a": 1}, {"a": value}])
    assert caught.value.message == f'row 1, column "a": {told}'
    assert "None where there is no value" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        json_rows(pd.DataFrame({"a": pd.Series([1, value], dtype=object)}))
    assert caught.value.message == f'row 1, column "a": {told}'


def test_nesting_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UsageError, match=r'^row 0, column "a": expected a plain value'):
        json_rows([{"a": endless}])


def test_a_value_of_a_column_that_the_model_does_not_take_is_left_out() -> None:
    asked: list[str] = []

    def kind_of(name: str) -> str | None:
        asked.append(name)
        return "number" if name == "a" else None

    assert json_rows([{"a": 1, "shape": object()}], kind_of) == [{"a": 1, "shape": None}]
    assert asked == ["shape"]
    with pytest.raises(UsageError, match='column "a"'):
        json_rows([{"a": object()}], kind_of)


def test_rows_come_in_many_forms() -> None:
    frame = pd.DataFrame({"a": [1, 2], 3: ["x", None]}, index=[7, 7])
    expected = [{"a": 1, "3": "x"}, {"a": 2, "3": None}]
    assert json_rows(frame) == expected
    assert json_rows(row for _, row in frame.iterrows()) == expected
    assert json_rows(frame.to_dict("records")) == expected
    row = namedtuple("row", "a b")
    assert json_rows([row(np.int64(1), None)]) == [{"a": 1, "b": None}]
    assert json_rows(pd.DataFrame(index=[0, 1])) == [{}, {}]
    assert json_rows([]) == []


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"a": 1}, "expected a list of rows, got one row"),
        (pd.Series({"a": 1}), "expected a list of rows, got one Series"),
        ("abc", "expected a list of rows, got str"),
        (5, "expected a list of rows, got int"),
        ([{"a": 1}, [1]], "row 1: expected an object of names and values, got list"),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            "expected every column name once, got 'a' 2x",
        ),
    ],
)
def test_what_is_no_list_of_rows_is_named(rows: Any, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        json_rows(rows)
    assert caught.value.message == told


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_a_decimal_is_the_nearest_float_or_itself(value: Decimal) -> None:
    found = json_value(value)
    assert found == (int(value) if isinstance(found, int) else float(value))
    assert float(found) == float(value)


@given(st.lists(st.one_of(st.none(), st.floats(allow_infinity=False), st.integers(), st.text())))
def test_plain_values_stay_as_they_are(values: list[Any]) -> None:
    expected = [None if value != value else value for value in values]
    assert json_value(values) == expected
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert json_rows(frame) == [{"a": value} for value in expected]


@pytest.mark.slow
def test_pandas_is_not_imported() -> None:
    code = "import sys; from packager.client.json_values import json_rows; json_rows([{'a': 1}])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit('pandas' in sys.modules)"], check=False
    )
    assert done.returncode == 0


def test_arrays_are_nested_lists_and_bytes_base64_where_the_column_is_of_bytes() -> None:
    rows = [{"pixels": np.arange(4, dtype="float32").reshape(2, 2), "picture": b"\x89PNG"}]
    kinds = {"pixels": "array", "picture": "bytes"}
    expected = {"pixels": [[0.0, 1.0], [2.0, 3.0]], "picture": "iVBORw=="}
    assert json_rows(rows, kinds.get) == [expected]
    assert json_rows(pd.DataFrame(rows), kinds.get) == [expected]
    assert json_rows([{"text": b"abc"}], {"text": "string"}.get) == [{"text": "abc"}]
    with pytest.raises(UsageError, match='row 0, column "pixels": expected an array of finite'):
        json_rows([{"pixels": np.array([np.nan])}], kinds.get)
