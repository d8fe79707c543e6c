"""Tensors of the Open Inference Protocol V2, as they are in a request and in an answer.

Data is either JSON, flat or nested, or raw bytes after the JSON ("binary tensor data"): little
endian in row-major order; text as a 4-byte length and UTF-8 for every element. What a tensor's data
means for its column: :mod:`serving.protocols.v2_values`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.http.messages import RequestError
from serving.protocols.parsing import malformed, quoted

CODES = {
    "BOOL": "?",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
"""Datatype → NumPy's dtype of its raw data."""
DATATYPES = (*CODES, "BF16", "BYTES")
JSON_SIZE = b"inference-header-content-length"
"""The header with the size of the JSON, in lower case."""
MAX_SIZE_DIGITS = 20
LENGTH = struct.Struct("<I")
"""The length of an element of raw BYTES."""
MAX_SIZE = 1 << 40
"""The largest size of one dimension; no body holds as many elements."""
MAX_RANK = 32
"""Dimensions of a tensor, the rows included; NumPy before 2.0 has no more."""
SHAPE = f"[rows, …], 1 to {MAX_RANK} dimensions"
"""The expected shape."""


@dataclass(slots=True)
class Tensor:
    """One input; treat as immutable (frozen, it would cost a microsecond)."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """The first dimension is that of the rows."""
    data: Any
    """As in the JSON; not yet checked."""
    raw: memoryview | None
    """The raw data instead, of the announced size."""
    typed: bool = False
    """Whether ``data`` is a flat list of elements of the datatype, without null."""
    text: bool = False
    """Whether the JSON holds BYTES as text, not in base64 (``"content_type": "str"``)."""

    @property
    def elements(self) -> int:
        """Number of elements of the shape."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class OutputTensor:
    """One tensor of an answer; ``shape`` is [n, …]."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Sequence[Any] | npt.NDArray[np.float64]
    """The elements in row-major order, None for null; or an array, NaN for null."""


def json_size(headers: Mapping[bytes, bytes], size: int) -> int:
    """The size of the JSON in a body of ``size`` bytes; raw data follows it.

    Raises ``RequestError`` (422) if the headers have another.
    """
    text = headers.get(JSON_SIZE)
    if text is None:
        return size
    # int() raises for more than 4,300 digits.
    if not text.isdigit() or len(text) > MAX_SIZE_DIGITS or int(text) > size:
        raise malformed(
            "Inference-Header-Content-Length", f"0 to {size} bytes", text.decode("latin-1")
        )
    return int(text)


def read_inputs(inputs: Any, binary: memoryview) -> list[Tensor]:
    """The tensors under ``inputs``; raw data is taken from ``binary`` in their order.

    Raises ``RequestError`` (422) naming the input and what is wrong with it.
    """
    if not isinstance(inputs, list) or not inputs:
        raise malformed("'inputs' is not a list of tensors", "at least one tensor", inputs)
    tensors: list[Tensor] = []
    used = 0
    for entry in inputs:
        name, datatype, shape = _described(entry)
        parameters = _parameters(name, entry)
        size = _binary_size(name, entry, parameters)
        raw = None
        if size is not None:
            raw = binary[used : used + size]
            used += size
            if len(raw) < size:
                message = f"input {quoted(name)}: raw data is truncated"
                raise malformed(message, f"{size} bytes", len(raw))
        text = parameters.get("content_type") == "str"
        tensors.append(Tensor(name, datatype, shape, entry.get("data"), raw, text=text))
    if used != len(binary):
        raise malformed("bytes remain after the tensors", f"{used} bytes", len(binary))
    check_names(tensors)
    return tensors


def check_names(tensors: Sequence[Tensor]) -> None:
    """Raise ``RequestError`` (422) for a name that comes twice."""
    names: set[str] = set()
    for tensor in tensors:
        if tensor.name in names:
            message = f"duplicate input {quoted(tensor.name)}"
            raise malformed(message, "every name once", tensor.name)
        names.add(tensor.name)


def check_shape(name: str, sizes: Sequence[Any]) -> None:
    """Raise ``RequestError`` (422) for a shape that no tensor has."""
    if not 1 <= len(sizes) <= MAX_RANK or not all(
        type(size) is int and 0 <= size <= MAX_SIZE for size in sizes
    ):
        raise malformed(f"input {quoted(name)}: shape", SHAPE, list(sizes))


def check_datatype(name: str, datatype: Any) -> Any:
    """The datatype; raises ``RequestError`` (422) for one that the protocol doesn't have."""
    if datatype not in DATATYPES:
        raise malformed(f"input {quoted(name)}: unknown datatype", ", ".join(DATATYPES), datatype)
    return datatype


def described_output(output: OutputTensor, *, binary: bool) -> tuple[dict[str, Any], bytes]:
    """An output as a member of the JSON, and its raw data if it is ``binary``.

    Raises ``RequestError`` as ``write_raw`` does.
    """
    entry = {"name": output.name, "datatype": output.datatype, "shape": list(output.shape)}
    if not binary:
        return {**entry, "data": write_json(output)}, b""
    raw = write_raw(output)
    return {**entry, "parameters": {"binary_data_size": len(raw)}}, raw


def write_json(output: OutputTensor) -> list[Any]:
    """The elements of an output for JSON; a number that isn't finite is null."""
    if not isinstance(output.values, np.ndarray):
        return list(output.values)
    flat = output.values.ravel()
    if np.isfinite(flat).all():
        return list(flat.tolist())
    return [value if math.isfinite(value) else None for value in flat.tolist()]


def write_raw(output: OutputTensor) -> bytes:
    """An output as binary tensor data; null is NaN, or empty text.

    Raises ``RequestError`` (500) if an integer or a boolean is null, which raw data can't
    represent.
    """
    if isinstance(output.values, np.ndarray):
        return output.values.astype(CODES[output.datatype]).tobytes()
    elements = without_null(output)
    if output.datatype == "BYTES":
        return b"".join(LENGTH.pack(len(text)) + text for text in elements)
    return np.array(elements, CODES[output.datatype]).tobytes()


def without_null(output: OutputTensor) -> list[Any]:
    """The elements with NaN or empty text for null; those of BYTES are encoded in UTF-8.

    Raises ``RequestError`` (500) if an integer or a boolean is null.
    """
    if isinstance(output.values, np.ndarray):
        flat: list[Any] = output.values.ravel().tolist()
        return flat
    if output.datatype == "BYTES":
        texts = ["" if value is None else value for value in output.values]
        return [text.encode("utf-8", "backslashreplace") for text in texts]
    if output.datatype.startswith("FP"):
        return [math.nan if value is None else value for value in output.values]
    if None in output.values:
        message = f"{output.name}: the model returned null, which binary output can't represent"
        raise RequestError(500, "model_failed", message)
    return list(output.values)


def _described(entry: Any) -> tuple[str, str, tuple[int, ...]]:
    if not isinstance(entry, dict):
        raise malformed("an input is not an object", '{"name", "shape", "datatype"}', entry)
    name, datatype, shape = (entry.get(key) for key in ("name", "datatype", "shape"))
    if not isinstance(name, str):
        raise malformed("an input has no name", "text", name)
    kind = str(check_datatype(name, datatype))
    if not isinstance(shape, list):
        raise malformed(f"input {quoted(name)}: shape", SHAPE, shape)
    check_shape(name, shape)
    return name, kind, tuple(shape)


def _parameters(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise malformed(f"input {quoted(name)}: parameters", "an object", parameters)
    if "shared_memory_region" in parameters:
        raise malformed(f"input {quoted(name)}: shared memory is not supported", "data", parameters)
    return parameters


def _binary_size(name: str, entry: dict[str, Any], parameters: dict[str, Any]) -> int | None:
    """Bytes of raw data of an input; None if its data is JSON."""
    size = parameters.get("binary_data_size")
    if size is None:
        return None
    if type(size) is not int or not 0 <= size <= MAX_SIZE:
        raise malformed(f"input {quoted(name)}: binary_data_size", "a number of bytes", size)
    if "data" in entry:
        message = f"input {quoted(name)}: has both data and binary_data_size"
        raise malformed(message, "one of them", size)
    return size
