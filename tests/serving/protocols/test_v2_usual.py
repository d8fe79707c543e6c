"""What is read in one pass is what the whole document says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_helpers import make_manifest

from packager.manifest.manifest import Column, Schema
from serving.http.messages import RequestError
from serving.protocols.v2 import Infer
from serving.protocols.v2_tensors import JSON_SIZE, json_size
from serving.protocols.v2_usual import MAX_KEPT, UsualInputs


def column(name: str, kind: Any, **more: Any) -> Column:
    return Column(name=name, kind=kind, dtype=more.pop("dtype", "float64"), nullable=True, **more)


def model(*columns: Column) -> Infer:
    return Infer(make_manifest(Schema(features=columns, classes=("no", "yes"))))


PIXELS = column("p", "array", dtype="uint8", shape=(2, 2), element="uint8")
MODEL_COLUMNS = {"array": (PIXELS,), "two": (PIXELS, column("a", "number"))}
MODELS = {
    "mixed": model(
        column("a", "number"),
        column("b", "integer", dtype="int64"),
        column("c", "string"),
        column("d", "boolean"),
        column("e", "bytes"),
        column("f", "list", element="number"),
    ),
    "numbers": model(column("a", "number"), column("b", "integer")),
    **{name: model(*columns) for name, columns in MODEL_COLUMNS.items()},
}
NUMBER = st.one_of(
    st.floats(width=32),
    st.integers(-300, 300),
    st.sampled_from([2**53, 2**53 + 1, -(2**64), 1e300, -0.0, 255, 256]),
)
ANY = st.one_of(NUMBER, st.booleans(), st.none(), st.text(max_size=3), st.just([1, 2]))
SHAPES = [[1], [2], [1, 1], [1, 2], [2, 2], [1, 2, 2], [2, 4], [1, 4], [], [True], [1.0], [-1], [0]]


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """One request, mostly a usual one."""
    inputs = []
    for name in draw(st.lists(st.sampled_from("abcdefpx"), min_size=1, max_size=4)):
        size = draw(st.sampled_from([0, 1, 1, 2, 4, 4, 8]))
        each = draw(st.sampled_from([NUMBER, NUMBER, st.integers(0, 255), st.text(), ANY]))
        data: Any = draw(st.lists(each, min_size=size, max_size=size))
        if draw(st.integers(0, 5)) == 0:
            data = [data, data]
        kinds = ["FP64", "FP32", "INT64", "UINT8", "BOOL", "BYTES", "BF16", "FP8"]
        one = {
            "name": name,
            "shape": draw(st.sampled_from(SHAPES)),
            "datatype": draw(st.sampled_from(kinds)),
            "data": data,
        }
        more = draw(st.sampled_from([{}, {}, {}, {"parameters": {"content_type": "str"}}]))
        inputs.append(one | more)
    document: dict[str, Any] = {"inputs": inputs}
    document |= draw(
        st.sampled_from(
            [
                {},
                {"id": "7"},
                {"id": 7},
                {"id": "x" * 2000},
                {"parameters": {"binary_data_output": True}},
                {"parameters": []},
                {"outputs": [{"name": "flags"}]},
                {"outputs": [{"name": "none"}]},
                {"more": 1},
            ]
        )
    )
    return json.dumps(document).encode()


def found(call: Callable[[], Any]) -> Any:
    """Rows and options, arrays with their dtype; or the error."""
    try:
        rows, options = call()
    except RequestError as error:
        return error.status, error.code, error.message, error.details
    return [{name: shown(cell) for name, cell in row.items()} for row in rows], options


def shown(cell: Any) -> Any:
    if isinstance(cell, np.ndarray):
        return cell.dtype.str, cell.shape, cell.tolist()
    return type(cell), cell


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=many(50), deadline=None)
@given(data=st.data())
def test_json_is_read_as_by_the_exact_reader(name: str, data: st.DataObject) -> None:
    infer, body = MODELS[name], data.draw(bodies())
    exact = found(lambda: infer.exact_rows(body, memoryview(b"")))
    assert found(lambda: infer.rows(body, {})) == exact


@pytest.mark.parametrize(
    "inside",
    [b'"a":1,"a":2', b'"\xff":1', b'"parameters":{"x":"\xff"}', b'"id":"\\ud800"', b'"id":"\x01"'],
)
def test_odd_json_is_judged_by_the_exact_reader(inside: bytes) -> None:
    infer = MODELS["numbers"]
    body = b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64","data":[1,2]}],' + inside + b"}"
    exact = found(lambda: infer.exact_rows(body, memoryview(b"")))
    assert found(lambda: infer.rows(body, {})) == exact


@pytest.mark.parametrize(
    ("name", "datatype", "shape", "data"),
    [
        ("p", "UINT8", [1, 2, 2], [1, 2, 3, 255]),
        ("x", "FP32", [2, 4], [0.1] * 8),
        ("p", "INT64", [1, 4], [1, 2, 3, 4]),
    ],
)
def test_flat_arrays_take_the_short_way(name: str, datatype: str, shape: Any, data: Any) -> None:
    usual = UsualInputs(make_manifest(Schema(features=(PIXELS,), classes=("no", "yes"))))
    document = {"name": name, "datatype": datatype, "shape": shape, "data": data}
    body = json.dumps({"inputs": [document]}).encode()
    assert usual.in_json(body, lambda _: None) is not None


def test_a_head_that_comes_again_is_not_parsed_again() -> None:
    infer = model(PIXELS)
    tensor = {"name": "p", "shape": [1, 2, 2], "datatype": "UINT8"}
    rows = []
    for number in range(MAX_KEPT + 2):
        document = {
            "id": str(number),
            "inputs": [tensor | {"parameters": {"binary_data_size": 4}}],
        }
        head = json.dumps(document).encode()
        for content in (b"\0\1\2\3", b"\4\5\6\7", b"short"[: number % 5]):
            body = head + content
            headers = {JSON_SIZE: str(len(head)).encode()}
            exact = found(lambda b=body, h=head: infer.exact_rows(h, memoryview(b)[len(h) :]))
            assert json_size(headers, len(body)) == len(head)
            rows.append(found(lambda b=body, n=headers: infer.rows(b, n)) == exact)
    assert all(rows)
    assert len(infer._usual._heads) == MAX_KEPT


@pytest.mark.parametrize("model_name", ["array", "two", "extra"])
@pytest.mark.parametrize("name", ["p", "x", "a"])
@pytest.mark.parametrize("datatype", ["UINT8", "FP32", "BOOL", "BF16", "BYTES"])
@pytest.mark.parametrize("shape", [[1, 2, 2], [2, 4], [0, 4], [1, 3]])
def test_arrays_after_a_known_head_are_those_of_the_exact_reader(
    model_name: str, name: str, datatype: str, shape: list[int]
) -> None:
    extra = make_manifest(
        Schema(features=(PIXELS,), extras=(column("a", "number"),), classes=("no", "yes"))
    )
    infer = Infer(extra) if model_name == "extra" else model(*MODEL_COLUMNS[model_name])
    width = {"FP32": 4, "BF16": 2}.get(datatype, 1)
    size = width * int(np.prod(shape))
    parameters = {"parameters": {"binary_data_size": size}}
    tensor = {"name": name, "shape": shape, "datatype": datatype} | parameters
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {JSON_SIZE: str(len(head)).encode()}
    for content in (bytes(range(size)), bytes(range(7, 7 + size)), bytes(size + 1)):
        body = head + content
        exact = found(lambda b=body: infer.exact_rows(head, memoryview(b)[len(head) :]))
        assert found(lambda b=body: infer.rows(b, headers)) == exact


def test_an_array_after_a_known_head_is_a_view_of_the_body() -> None:
    infer = model(PIXELS)
    parameters = {"parameters": {"binary_data_size": 8}}
    tensor = {"name": "p", "shape": [2, 4], "datatype": "UINT8"} | parameters
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {JSON_SIZE: str(len(head)).encode()}
    infer.rows(head + bytes(8), headers)
    body = head + bytes(range(8))
    assert infer._usual.arrays_after_head(head, memoryview(body)[len(head) :]) is not None
    rows, _ = infer.rows(body, headers)
    assert [row["p"].tolist() for row in rows] == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    assert np.shares_memory(rows[1]["p"], np.frombuffer(body, np.uint8))
    assert not rows[1]["p"].flags.writeable
