"""The data of tensors as the cells of array, bytes and list columns."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.manifest.manifest import Column
from serving.http.limits import Budget
from serving.http.messages import RequestError
from serving.protocols.v2_tensors import CODES, Tensor, read_inputs
from serving.protocols.v2_values import array_cells, bytes_cells, list_cells, plain_cells

PIXELS = Column(
    name="x", kind="array", dtype="object", nullable=True, shape=(2, 3), element="float32"
)
FLAGS = PIXELS.model_copy(update={"element": "bool"})


def raw(datatype: str, shape: list[int], data: bytes, **more: Any) -> Tensor:
    parameters = {"binary_data_size": len(data), **more}
    entry = {"name": "x", "datatype": datatype, "shape": shape, "parameters": parameters}
    (found,) = read_inputs([entry], memoryview(data))
    return found


def written(datatype: str, shape: list[int], data: Any, **parameters: Any) -> Tensor:
    entry = {"name": "x", "datatype": datatype, "shape": shape, "data": data}
    (found,) = read_inputs([{**entry, "parameters": parameters}], memoryview(b""))
    return found


def refused(read: Any, *given: Any) -> str:
    with pytest.raises(RequestError) as caught:
        read(*given)
    assert (caught.value.status, caught.value.code) == (422, "malformed_request")
    return f"{caught.value.message}: {caught.value.details['expected']}"


@pytest.mark.parametrize("datatype", [name for name in CODES if name != "BOOL"])
@pytest.mark.parametrize("shape", [[2, 2, 3], [2, 6]])
def test_arrays_of_every_datatype_raw_flat_and_nested_are_the_same(
    datatype: str, shape: list[int]
) -> None:
    block = np.arange(12).astype(CODES[datatype])
    tensors = [
        raw(datatype, shape, block.tobytes()),
        written(datatype, shape, block.tolist()),
        written(datatype, shape, block.reshape(shape).tolist()),
    ]
    for tensor in tensors:
        cells = array_cells(tensor, PIXELS)
        assert [cell.shape for cell in cells] == [(2, 3)] * 2
        assert np.array_equal(np.stack(cells).reshape(-1), block)


def test_raw_arrays_are_views_of_the_body() -> None:
    body = np.arange(12, dtype="<f4").tobytes()
    cells = array_cells(raw("FP32", [2, 2, 3], body), PIXELS)
    assert all(np.shares_memory(cell, np.frombuffer(body, np.uint8)) for cell in cells)


def test_bf16_is_the_upper_half_of_a_float32() -> None:
    values = np.array([0.5, -2.0, 3.140625, 0.0, 1e30, -1.0], "<f4")
    body = (values.view("<u4") >> 16).astype("<u2").tobytes()
    (cell,) = array_cells(raw("BF16", [1, 6], body), PIXELS)
    assert np.allclose(cell.reshape(-1), values, rtol=2**-7)
    assert plain_cells(raw("BF16", [2], body[:4])) == [0.5, -2.0]


def test_booleans_are_their_own_datatype_and_any_raw_byte_is_one() -> None:
    (cell,) = array_cells(raw("BOOL", [1, 6], bytes([0, 1, 2, 255, 0, 0])), FLAGS)
    assert cell.tolist() == [[False, True, True], [True, False, False]]
    (cell,) = array_cells(written("BOOL", [1, 6], [True] * 6), FLAGS)
    assert cell.dtype == np.bool_
    assert "a datatype of numbers" in refused(array_cells, written("BYTES", [1, 6], []), PIXELS)


def test_floats_of_json_are_those_written_whatever_the_width() -> None:
    (cell,) = array_cells(written("FP16", [1, 6], [0.1] * 6), PIXELS)
    assert cell.dtype == np.float64
    assert set(cell.ravel().tolist()) == {0.1}


def test_null_in_place_of_a_row_is_null() -> None:
    row = [[1, 2, 3], [4, 5, 6]]
    first, second = array_cells(written("FP32", [2, 2, 3], [None, row]), PIXELS)
    assert first is None
    assert second.tolist() == row


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (written("FP32", [1, 3, 2], [0] * 6), "input 'x': shape or datatype: [1, 2, 3]"),
        (written("FP32", [1], [0]), "input 'x': shape or datatype: [1, 2, 3]"),
        (written("FP32", [1, 6], [0] * 5), "input 'x': data: 6 elements"),
        (written("FP32", [1, 6], None), "input 'x': data: a list"),
        (written("FP32", [1 << 40, 6], [0]), f"input 'x': data: {6 << 40} elements"),
        (
            written("FP32", [1, 2, 3], [[1, 2, 3], [4, 5, 6]]),
            "input 'x': data: 1 rows, or 6 elements",
        ),
        (
            written("FP32", [1, 2, 3], [[[1, 2, 3], [4, 5]]]),
            "input 'x': the nesting of data differs from shape: [1, 2, 3]",
        ),
        (
            written("FP32", [2, 2, 3], [None, [[1, 2, 3], [4, None, 6]]]),
            'row 1, column "x", element [1][1]: no FP32: a finite FP32',
        ),
        (
            written("FP32", [1, 6], [0, 0, 0, float("nan"), 0, 0]),
            'row 0, column "x", element [1][0]: no FP32: a finite FP32',
        ),
        (
            written("UINT8", [1, 6], [0, 0, 256, 0, 0, 0]),
            'row 0, column "x", element [0][2]: no UINT8: UINT8',
        ),
        (
            written("INT8", [1, 6], [0, 1.5, 0, 0, 0, 0]),
            'row 0, column "x", element [0][1]: no INT8: INT8',
        ),
        (raw("FP32", [1, 6], b"1234"), "input 'x': raw data: 24 bytes"),
        (raw("BF16", [1, 6], b"1234"), "input 'x': raw data: 12 bytes"),
    ],
)
def test_an_array_of_another_form_is_named(tensor: Tensor, message: str) -> None:
    assert refused(array_cells, tensor, PIXELS) == message


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4))
def test_bytes_are_raw_in_binary_and_base64_in_json(parts: list[bytes]) -> None:
    assert bytes_cells(raw("BYTES", [len(parts)], framed(*parts))) == parts
    texts = [base64.b64encode(part).decode() for part in parts]
    assert bytes_cells(written("BYTES", [len(parts)], texts)) == texts
    told = {"content_type": "base64"}
    assert bytes_cells(written("BYTES", [len(parts)], texts, **told)) == texts


def test_bytes_may_be_text_in_json_if_the_tensor_says_so() -> None:
    assert bytes_cells(written("BYTES", [2], ["é", None], content_type="str")) == [
        "é".encode(),
        None,
    ]


def test_a_list_is_an_element_of_json() -> None:
    texts = ['["a", null]', "[]", "null"]
    found = list_cells(written("BYTES", [3], texts), Budget())
    assert found == [["a", None], [], None]
    assert list_cells(raw("BYTES", [1], framed(b"[1.5]")), Budget()) == [[1.5]]
    message = refused(list_cells, written("BYTES", [2], ["[]", "[1"]), Budget())
    assert message == 'row 1, column "x": no JSON: the JSON of a list'
    assert "datatype: BYTES" in refused(list_cells, written("FP64", [1], [1]), Budget())
    assert "no JSON" in refused(list_cells, written("BYTES", [1], ["[" * 100_000]), Budget())


def test_a_list_of_too_many_values_exceeds_the_budget() -> None:
    text = json.dumps([1] * 100)
    with pytest.raises(RequestError, match="values") as caught:
        list_cells(written("BYTES", [1], [text]), Budget(values=50))
    assert caught.value.status == 413


def test_no_more_raw_elements_are_read_than_the_shape_has() -> None:
    message = refused(bytes_cells, raw("BYTES", [1], framed(*[b""] * 1000)))
    assert message == "input 'x': raw data: 1 elements"
