"""What is read from the bytes of a request is what its message object says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_helpers import make_manifest

from packager.manifest.manifest import Column, Manifest, Schema
from serving.grpc.infer import GrpcInfer
from serving.grpc.messages import MESSAGES
from serving.grpc.tensors import FIELDS
from serving.grpc.usual_row import UsualRows
from serving.http.messages import RequestError

pytestmark = pytest.mark.slow

COLUMNS = {"a": "number", "b": "integer", "c": "string", "d": "boolean"}
VALUES = {
    "FP64": st.floats(),
    "FP32": st.floats(width=32),
    "INT64": st.integers(-(1 << 63), (1 << 63) - 1),
    "INT32": st.integers(-(1 << 31), (1 << 31) - 1),
    "BOOL": st.booleans(),
    "BYTES": st.one_of(st.text(max_size=150).map(str.encode), st.binary(max_size=5)),
}
CODES = {"FP64": "<d", "FP32": "<f", "INT64": "<q", "INT32": "<i", "BOOL": "<?"}


def model(kinds: dict[str, Any]) -> Manifest:
    columns = tuple(
        Column(name=name, kind=kind, dtype="float64", nullable=True) for name, kind in kinds.items()
    )
    return make_manifest(Schema(features=columns, classes=("no", "yes")))


MIXED, NUMBERS = model(COLUMNS), model({"a": "number", "b": "number", "c": "integer"})


@st.composite
def requests(draw: st.DrawFn, names: tuple[str, ...], tag: str) -> bytes:
    """One request, mostly of one row and usual."""
    one = MESSAGES["ModelInferRequest"](
        model_name=draw(st.sampled_from(["diamonds", "diamonds", "x"])),
        model_version=draw(st.sampled_from(["", tag, "7"])),
        id=draw(st.sampled_from(["", "7", "ü" * 100])),
    )
    raw = draw(st.booleans())
    for name in draw(st.lists(st.sampled_from(names), max_size=5)):
        datatype = draw(st.sampled_from([*VALUES]))
        shape = draw(st.sampled_from([[1], [1], [1, 1], [2], [1, 3], []]))
        count = 3 if shape == [1, 3] else draw(st.sampled_from([1, 1, 1, 0, 2]))
        values = draw(st.lists(VALUES[datatype], min_size=count, max_size=count))
        tensor = one.inputs.add(name=name, datatype=datatype, shape=shape)
        if raw:
            parts = [_raw(datatype, value) for value in values]
            one.raw_input_contents.append(b"".join(parts))
        else:
            getattr(tensor.contents, FIELDS[datatype]).extend(values)
    for name in draw(st.lists(st.sampled_from(["prediction", "flags", "none"]), max_size=2)):
        one.outputs.add(name=name)
    body = bytearray(one.SerializeToString())
    for _ in range(draw(st.sampled_from([0, 0, 1, 2])) if body else 0):  # noise
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: len(body) - draw(st.sampled_from([0, 0, 0, 1, 9]))])


def _raw(datatype: str, value: Any) -> bytes:
    if datatype == "BYTES":
        return len(value).to_bytes(4, "little") + value
    return struct.pack(CODES[datatype], value)


def compared(manifest: Manifest, body: bytes) -> bool:
    """Whether ``body`` is usual; then both ways say the same."""
    usual, infer = UsualRows(manifest).read(body), GrpcInfer(manifest)
    if usual is None:
        return False
    assert told(infer.rows, body, {}) == told(infer.exact_rows, body)
    return True


def told(read: Callable[..., tuple[Any, Any]], *given: Any) -> tuple[Any, ...] | str:
    """Rows and context, or the message of the error."""
    try:
        rows, context = read(*given)
    except RequestError as error:
        return error.message
    return repr(rows), context


@settings(max_examples=many(150), deadline=None)
@given(requests(("a", "b", "c", "d", "zz"), MIXED.tag))
def test_columns_are_read_as_from_the_message(body: bytes) -> None:
    compared(MIXED, body)


@settings(max_examples=many(150), deadline=None)
@given(requests(("matrix", "a", "b", "c"), NUMBERS.tag))
def test_a_matrix_is_read_as_from_the_message(body: bytes) -> None:
    compared(NUMBERS, body)


@pytest.mark.parametrize("raw", [False, True])
def test_usual_requests_need_no_message(raw: bool) -> None:
    row: dict[str, tuple[str, Any]] = {
        "a": ("FP64", 0.1),
        "b": ("INT64", 300),
        "c": ("BYTES", "ü".encode()),
        "d": ("BOOL", True),
    }
    one = MESSAGES["ModelInferRequest"](model_name="diamonds", id="7")
    for name, (datatype, value) in row.items():
        tensor = one.inputs.add(name=name, datatype=datatype, shape=[1])
        if raw:
            one.raw_input_contents.append(_raw(datatype, value))
        else:
            getattr(tensor.contents, FIELDS[datatype]).append(value)
    one.outputs.add(name="flags")
    assert compared(MIXED, one.SerializeToString())
    matrix = MESSAGES["ModelInferRequest"](model_name="diamonds")
    tensor = matrix.inputs.add(name="x", datatype="FP64", shape=[1, 3])
    if raw:
        matrix.raw_input_contents.append(struct.pack("<3d", 1, 2, 3))
    else:
        tensor.contents.fp64_contents.extend([1, 2, 3])
    assert compared(NUMBERS, matrix.SerializeToString())
