"""Tensors of gRPC messages as those of the protocol, and back.

Data is in the typed lists of ``contents``, or raw in ``raw_input_contents``, for all inputs of a
request. An answer has the form of its request. FP16 and BF16 have no typed list: they come raw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.protocols.parsing import malformed, quoted
from serving.protocols.v2_tensors import (
    LENGTH,
    OutputTensor,
    Tensor,
    check_datatype,
    check_names,
    check_shape,
    without_null,
    write_raw,
)

FIELDS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Datatype → the list of ``InferTensorContents`` with its elements."""
BOUNDS = {
    "INT8": (-(1 << 7), (1 << 7) - 1),
    "INT16": (-(1 << 15), (1 << 15) - 1),
    "UINT8": (0, (1 << 8) - 1),
    "UINT16": (0, (1 << 16) - 1),
}
"""Elements of datatypes that are narrower than those of their list."""


def read_tensors(request: Any) -> list[Tensor]:
    """The inputs of a ``ModelInferRequest``; raises ``RequestError`` (422) naming the input."""
    inputs, raw = request.inputs, request.raw_input_contents
    if not inputs:
        raise malformed("'inputs' is not a list of tensors", "at least one tensor", [])
    if raw and len(raw) != len(inputs):
        message = "raw_input_contents: expected one for each input"
        raise malformed(message, f"{len(inputs)} contents", len(raw))
    tensors = [_tensor(entry, raw[index] if raw else None) for index, entry in enumerate(inputs)]
    check_names(tensors)
    return tensors


def _tensor(entry: Any, raw: bytes | None) -> Tensor:
    name, datatype, shape = entry.name, entry.datatype, tuple(entry.shape)
    check_datatype(name, datatype)
    check_shape(name, shape)
    if "shared_memory_region" in entry.parameters:
        raise malformed(f"input {quoted(name)}: shared memory is not supported", "data", name)
    if raw is not None:
        if entry.HasField("contents"):
            message = f"input {quoted(name)}: has both contents and raw_input_contents"
            raise malformed(message, "one of them", name)
        return Tensor(name, datatype, shape, None, memoryview(raw))
    field = FIELDS.get(datatype)
    if field is None:
        message = f"input {quoted(name)}: {datatype} has no typed contents"
        raise malformed(message, "raw_input_contents", name)
    values = getattr(entry.contents, field)
    if not values and (others := entry.contents.ListFields()):
        message = f"input {quoted(name)}: contents of {datatype}"
        raise malformed(message, field, others[0][0].name)
    if datatype == "BYTES":  # raw, as its elements are bytes
        framed = b"".join([LENGTH.pack(len(value)) + value for value in values])
        return Tensor(name, datatype, shape, None, memoryview(framed))
    elements = list(values)
    if (bounds := BOUNDS.get(datatype)) and not all(
        bounds[0] <= one <= bounds[1] for one in elements
    ):
        one = next(one for one in elements if not bounds[0] <= one <= bounds[1])
        message = f"input {quoted(name)}: an element is no {datatype}"
        raise malformed(message, f"{bounds[0]} to {bounds[1]}", one)
    return Tensor(name, datatype, shape, elements, None, typed=True)


def plain_parameters(owner: Any) -> dict[str, Any]:
    """The parameters of a message as plain values."""
    parameters = {}
    for name, one in owner.parameters.items():
        choice = one.WhichOneof("parameter_choice")
        parameters[name] = None if choice is None else getattr(one, choice)
    return parameters


def write_tensors(response: Any, outputs: Sequence[OutputTensor], *, raw: bool) -> None:
    """Add ``outputs`` to a ``ModelInferResponse``; raises ``RequestError`` (500)."""
    for output in outputs:
        added = response.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        if raw:
            response.raw_output_contents.append(write_raw(output))
        else:
            getattr(added.contents, FIELDS[output.datatype]).extend(without_null(output))
