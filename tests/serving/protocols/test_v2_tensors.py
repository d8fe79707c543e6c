from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.messages import RequestError
from serving.protocols.v2_tensors import DATATYPES, OutputTensor, read_inputs, write_raw
from serving.protocols.v2_values import plain_cells

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "FP64": st.floats(allow_nan=False, allow_infinity=False),
    "FP32": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "INT64": st.integers(-(2**63), 2**63 - 1),
    "INT32": st.integers(-(2**31), 2**31 - 1),
    "UINT8": st.integers(0, 255),
    "UINT64": st.integers(0, 2**64 - 1),
    "BOOL": st.booleans(),
    "BYTES": st.text(),
}
COLUMNS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda datatype: st.tuples(st.just(datatype), st.lists(VALUES[datatype], min_size=1))
)


def tensor(datatype: str, values: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": "x", "datatype": datatype, "shape": [len(values)], **more}


def read(inputs: Any, binary: bytes) -> list[list[Any]]:
    """The elements of each tensor."""
    return [plain_cells(one) for one in read_inputs(inputs, memoryview(binary))]


def refused(entry: Any, binary: bytes = b"") -> str:
    with pytest.raises(RequestError) as caught:
        read([entry] if isinstance(entry, dict) else entry, binary)
    assert caught.value.status == 422
    return caught.value.message


@pytest.mark.slow
@given(COLUMNS)
def test_raw_and_json_data_hold_the_same_values(column: tuple[str, list[Any]]) -> None:
    datatype, values = column
    raw = write_raw(OutputTensor("x", datatype, (len(values),), values))
    size = {"binary_data_size": len(raw)}
    (from_raw,) = read([tensor(datatype, values, parameters=size)], raw)
    (from_json,) = read([tensor(datatype, values, data=values)], b"")
    assert from_raw == from_json == values
    assert [type(value) for value in from_raw] == [type(value) for value in values]


@pytest.mark.slow
@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_raw_data_is_taken_in_the_order_of_the_inputs(columns: list[tuple[str, Any]]) -> None:
    raws = [write_raw(OutputTensor("", kind, (len(values),), values)) for kind, values in columns]
    inputs = [
        {**tensor(kind, values, parameters={"binary_data_size": len(raw)}), "name": str(place)}
        for place, ((kind, values), raw) in enumerate(zip(columns, raws, strict=True))
    ]
    assert read(inputs, b"".join(raws)) == [values for _, values in columns]


def test_nan_and_json_null_are_null() -> None:
    (found,) = read([tensor("FP64", [1, 2, 3], data=[math.nan, None, 1.5])], b"")
    assert found == [None, None, 1.5]
    raw = np.array([np.nan, 2], "<f4").tobytes()
    (found,) = read([tensor("FP32", [1, 2], parameters={"binary_data_size": 8})], raw)
    assert found == [None, 2.0]


def test_null_is_nan_or_empty_text_in_raw_outputs_and_refused_where_there_is_no_word() -> None:
    assert np.isnan(np.frombuffer(write_raw(OutputTensor("x", "FP64", (1,), [None]))))
    assert write_raw(OutputTensor("x", "BYTES", (1,), [None])) == b"\0\0\0\0"
    with pytest.raises(RequestError, match="binary output can't represent"):
        write_raw(OutputTensor("x", "INT64", (1,), [None]))


def test_nested_data_is_read_row_by_row() -> None:
    entry = {"name": "x", "datatype": "INT8", "shape": [2, 2], "data": [[1, 2], [3, 4]]}
    assert read([entry], b"") == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], "'inputs' is not a list of tensors"),
        ([1], "an input is not an object"),
        ({"shape": [1], "datatype": "FP64"}, "an input has no name"),
        ({"name": "x", "shape": [1], "datatype": "FP8"}, "input 'x': unknown datatype"),
        (tensor("FP64", [1], data=[1]) | {"shape": [True]}, "input 'x': shape"),
        (tensor("FP64", [1], data=[1]) | {"shape": [-1]}, "input 'x': shape"),
        (tensor("FP64", [1], data=[1]) | {"shape": [1] * 33}, "input 'x': shape"),
        (tensor("FP64", [1]) | {"shape": []}, "input 'x': shape"),
        (tensor("FP64", [1]) | {"shape": [1, 1 << 41]}, "input 'x': shape"),
        (tensor("FP64", [1]), "input 'x': data"),
        (tensor("FP64", [1], data=[1, 2]), "input 'x': data"),
        (tensor("FP64", [1], data=[[1]]), "input 'x': the nesting of data differs from shape"),
        (tensor("FP64", [1], data=["1"]), 'row 0, column "x": an element is no FP64'),
        (tensor("INT8", [1], data=[128]), 'row 0, column "x": an element is no INT8'),
        (tensor("INT64", [1], data=[1.0]), 'row 0, column "x": an element is no INT64'),
        (tensor("BOOL", [1], data=[1]), 'row 0, column "x": an element is no BOOL'),
        (tensor("FP64", [1], data=[True]), 'row 0, column "x": an element is no FP64'),
        (tensor("FP64", [1], parameters=1), "input 'x': parameters"),
        (
            tensor("FP64", [1], parameters={"shared_memory_region": "a"}),
            "input 'x': shared memory is not supported",
        ),
        (tensor("FP64", [1], parameters={"binary_data_size": -1}), "input 'x': binary_data_size"),
        (
            tensor("FP64", [1], data=[1], parameters={"binary_data_size": 8}),
            "input 'x': has both data and binary_data_size",
        ),
        (
            tensor("FP64", [1], parameters={"binary_data_size": 8}),
            "input 'x': raw data is truncated",
        ),
        ([tensor("BOOL", [1], data=[True])] * 2, "duplicate input 'x'"),
    ],
)
def test_a_malformed_tensor_is_named(entry: Any, message: str) -> None:
    assert refused(entry) == message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\1\0\0", "input 'x': raw text is truncated"),
        (b"\5\0\0\0ab", "input 'x': raw text is truncated"),
        (b"\1\0\0\0a\1\0\0\0b", "input 'x': raw data"),
        (b"\1\0\0\0\xff", 'row 0, column "x": text is not UTF-8'),
    ],
)
def test_raw_text_of_another_form_is_named(raw: bytes, message: str) -> None:
    entry = tensor("BYTES", [1], parameters={"binary_data_size": len(raw)})
    assert refused(entry, raw) == message


def test_bytes_behind_the_tensors_are_refused() -> None:
    assert refused(tensor("BOOL", [1], data=[True]), b"x") == "bytes remain after the tensors"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)
NEARLY = st.fixed_dictionaries(
    {"name": st.text(), "datatype": st.sampled_from([*DATATYPES, "X"]), "shape": JSON},
    optional={
        "data": st.lists(JSON),
        "parameters": st.one_of(
            JSON, st.fixed_dictionaries({"binary_data_size": st.integers(-1, 20)})
        ),
    },
)


@pytest.mark.slow
@given(st.one_of(JSON, st.lists(NEARLY)), st.binary(max_size=20))
def test_anything_is_tensors_or_a_named_error(inputs: Any, binary: bytes) -> None:
    try:
        tensors = read_inputs(inputs, memoryview(binary))
        found = [(one, plain_cells(one)) for one in tensors]
    except RequestError as error:
        assert error.status == 422  # noqa: PT017
        json.loads(error.response().body)
    else:
        assert all(len(values) == one.elements for one, values in found)


def test_an_element_is_named_by_row_and_column() -> None:
    def told(datatype: str, shape: list[int], data: list[Any]) -> str:
        return refused({"name": "x", "datatype": datatype, "shape": shape, "data": data})

    assert told("FP64", [3], [1, None, "x"]) == 'row 2, column "x": an element is no FP64'
    assert told("BYTES", [2, 1], [["a"], [1]]) == 'row 1, column "x": an element is no BYTES'
    assert told("FP64", [2, 3], [1, 2, 3, 4, True, 6]) == (
        "row 1, value 1 of input 'x': an element is no FP64"
    )
    raw = b"\1\0\0\0a\1\0\0\0\xff"
    entry = tensor("BYTES", ["a", "b"], parameters={"binary_data_size": len(raw)})
    assert refused(entry, raw) == 'row 1, column "x": text is not UTF-8'
