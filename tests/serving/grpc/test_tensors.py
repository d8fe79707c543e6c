"""Every datatype typed and raw, and what is refused."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest

from packager.manifest.manifest import Column
from serving.grpc.messages import MESSAGES
from serving.grpc.tensors import FIELDS, plain_parameters, read_tensors, write_tensors
from serving.http.messages import RequestError
from serving.protocols.v2_tensors import CODES, DATATYPES, OutputTensor
from serving.protocols.v2_values import array_cells, plain_cells

REQUEST, RESPONSE = MESSAGES["ModelInferRequest"], MESSAGES["ModelInferResponse"]
VALUES: dict[str, list[Any]] = {
    "BOOL": [True, False],
    **{f"INT{bits}": [-(1 << bits - 1), (1 << bits - 1) - 1] for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": [0, (1 << bits) - 1] for bits in (8, 16, 32, 64)},
    "FP32": [0.5, -2.0],
    "FP64": [0.1, 1e300],
    "BYTES": [b"", "ü".encode()],
}


def typed(datatype: str, values: list[Any], *shape: int, name: str = "x") -> Any:
    request = REQUEST(model_name="m")
    tensor = request.inputs.add(name=name, datatype=datatype, shape=shape or (len(values),))
    getattr(tensor.contents, FIELDS[datatype]).extend(values)
    return request


def raw(datatype: str, content: bytes, *shape: int) -> Any:
    request = REQUEST(model_name="m", raw_input_contents=[content])
    request.inputs.add(name="x", datatype=datatype, shape=shape)
    return request


def texts(values: list[Any]) -> list[Any]:
    return [value.decode() if isinstance(value, bytes) else value for value in values]


@pytest.mark.parametrize("datatype", VALUES)
def test_typed_contents_of_every_datatype(datatype: str) -> None:
    [tensor] = read_tensors(typed(datatype, VALUES[datatype]))
    assert (tensor.name, tensor.datatype, tensor.shape) == ("x", datatype, (2,))
    assert plain_cells(tensor) == texts(VALUES[datatype])


@pytest.mark.parametrize("datatype", [one for one in DATATYPES if one != "BYTES"])
def test_raw_contents_of_every_datatype(datatype: str) -> None:
    values = VALUES.get(datatype, [0.5, -2.0])
    content = (
        b"".join(struct.pack("<f", value)[2:] for value in values)
        if datatype == "BF16"
        else np.array(values, CODES[datatype]).tobytes()
    )
    [tensor] = read_tensors(raw(datatype, content, 2, 1))
    assert plain_cells(tensor) == values


def test_a_null_is_nan_and_arrays_have_any_rank() -> None:
    [tensor] = read_tensors(typed("FP32", [math.nan, 1.0]))
    assert plain_cells(tensor) == [None, 1.0]
    column = Column(
        name="x", kind="array", dtype="float32", nullable=False, shape=(2, 1, 2), element="float32"
    )
    wanted = np.arange(8, dtype="f4").reshape(2, 2, 1, 2)
    for request in (
        typed("FP32", [*range(8)], 2, 2, 1, 2),
        raw("FP32", wanted.tobytes(), 2, 2, 1, 2),
    ):
        [tensor] = read_tensors(request)
        assert np.array_equal(np.stack(array_cells(tensor, column)), wanted)


def refusal(request: Any) -> str:
    with pytest.raises(RequestError) as caught:
        [plain_cells(tensor) for tensor in read_tensors(request)]
    assert caught.value.status == 422
    details = caught.value.details
    return f"{caught.value.message}: expected {details['expected']}, got {details['got']}"


def test_what_is_refused() -> None:
    both = raw("FP64", b"12345678", 1)
    both.inputs[0].contents.fp64_contents.append(1.0)
    twice = typed("FP64", [1.0])
    twice.inputs.add().CopyFrom(twice.inputs[0])
    shared = typed("FP64", [1.0])
    shared.inputs[0].parameters["shared_memory_region"].string_param = "r"
    fewer = raw("FP64", b"12345678", 1)
    fewer.inputs.add(name="y", datatype="FP64", shape=[1])
    wrong = typed("FP64", [1.0])
    wrong.inputs[0].datatype = "INT64"
    assert [
        refusal(one)
        for one in (
            REQUEST(),
            both,
            twice,
            shared,
            fewer,
            wrong,
            typed("INT8", [128]),
            typed("UINT16", [1 << 16]),
            typed("FP64", [1.0, 2.0], 3),
            typed("FP64", [1.0], -1),
            raw("FP16", b"1", 1),
            typed("BYTES", [b"\xff"]),
        )
    ] == [
        "'inputs' is not a list of tensors: expected at least one tensor, got []",
        "input 'x': has both contents and raw_input_contents: expected one of them, got \"x\"",
        "duplicate input 'x': expected every name once, got \"x\"",
        "input 'x': shared memory is not supported: expected data, got \"x\"",
        "raw_input_contents: expected one for each input: expected 2 contents, got 1",
        "input 'x': contents of INT64: expected int64_contents, got \"fp64_contents\"",
        "input 'x': an element is no INT8: expected -128 to 127, got 128",
        "input 'x': an element is no UINT16: expected 0 to 65535, got 65536",
        "input 'x': data: expected 3 elements, got 2",
        "input 'x': shape: expected [rows, …], 1 to 32 dimensions, got [-1]",
        "input 'x': raw data: expected 2 bytes, got 1",
        'row 0, column "x": text is not UTF-8: expected UTF-8, got "byte 0xff"',
    ]


def test_unknown_datatypes_and_those_without_typed_contents() -> None:
    half = REQUEST()
    half.inputs.add(name="x", datatype="FP16", shape=[1])
    assert refusal(half) == (
        "input 'x': FP16 has no typed contents: expected raw_input_contents, got \"x\""
    )
    half.inputs[0].datatype = "FLOAT"
    assert refusal(half).startswith("input 'x': unknown datatype: expected BOOL, UINT8")


def test_outputs_have_the_form_that_is_asked_for() -> None:
    outputs = [
        OutputTensor("a", "INT64", (2,), [1, 2]),
        OutputTensor("b", "BYTES", (2,), ["x", None]),
        OutputTensor("c", "FP64", (2, 2), np.array([[1.0, math.nan], [3.0, 4.0]])),
        OutputTensor("d", "BOOL", (1,), [True]),
    ]
    plain, packed = RESPONSE(), RESPONSE()
    write_tensors(plain, outputs, raw=False)
    write_tensors(packed, outputs, raw=True)
    assert [*plain.outputs[0].contents.int64_contents] == [1, 2]
    assert [*plain.outputs[1].contents.bytes_contents] == [b"x", b""]
    assert [*plain.outputs[2].contents.fp64_contents][2:] == [3.0, 4.0]
    assert [[*one.shape] for one in packed.outputs] == [[2], [2], [2, 2], [1]]
    assert packed.raw_output_contents[0] == struct.pack("<qq", 1, 2)
    assert packed.raw_output_contents[1] == b"\x01\0\0\0x\0\0\0\0"
    assert not packed.outputs[0].HasField("contents")
    with pytest.raises(RequestError, match="the model returned null"):
        write_tensors(RESPONSE(), [OutputTensor("a", "INT64", (1,), [None])], raw=False)


def test_parameters_of_every_kind() -> None:
    request = REQUEST()
    request.parameters["a"].bool_param = False
    request.parameters["b"].int64_param = -1
    request.parameters["c"].string_param = ""
    request.parameters["d"].double_param = 0.5
    request.parameters["e"].SetInParent()
    assert plain_parameters(request) == {"a": False, "b": -1, "c": "", "d": 0.5, "e": None}
