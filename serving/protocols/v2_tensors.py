"""Converts tensors of the Open Inference Protocol V2 to and from plain Python values.

Data is either JSON, flat or nested, or raw bytes after the JSON ("binary tensor data"): little
endian in row-major order; text as a 4-byte length and UTF-8 for every element.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelhost.text import truncate
from serving.http.limits import Budget, LimitExceededError
from serving.http.messages import RequestError
from serving.protocols.parsing import is_nan, malformed, named

_CODES = {
    "BOOL": "?",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
DATATYPES = (*_CODES, "BYTES")
_LENGTH = struct.Struct("<I")
MAX_SIZE = 1 << 40
"""The largest size of one dimension; no body holds as many elements."""


@dataclass(frozen=True)
class Tensor:
    """One input: its elements in row-major order as plain values, None for null."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[Any]


@dataclass(frozen=True)
class Output:
    """One output of n rows; ``shape`` is [n] or [n, k]; ``values`` are flat, None for null."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Sequence[Any]


def read_inputs(inputs: Any, binary: bytes, budget: Budget = Budget()) -> list[Tensor]:
    """The tensors under ``inputs``; raw data is taken from ``binary`` in their order.

    Raises ``RequestError``: 422 naming the input and what is wrong with it, 413 for more elements
    than the budget allows.
    """
    if not isinstance(inputs, list) or not inputs:
        raise malformed("'inputs' is not a list of tensors", "at least one tensor", inputs)
    tensors: list[Tensor] = []
    names: set[str] = set()
    used = elements = 0
    for entry in inputs:
        name, datatype, shape = _described(entry)
        if name in names:
            raise malformed(f"duplicate input {named(name)}", "every name once", name)
        names.add(name)
        size = _binary_size(name, entry)
        elements += math.prod(shape)
        _check(budget, elements)
        if size is None:
            values = _json_values(name, datatype, shape, entry)
        else:
            raw = binary[used : used + size]
            values = _raw_values(name, datatype, shape, size, raw)
            used += size
        tensors.append(Tensor(name, datatype, shape, values))
    if used != len(binary):
        raise malformed("bytes remain after the tensors", f"{used} bytes", len(binary))
    return tensors


def write_raw(output: Output) -> bytes:
    """An output as binary tensor data; null is NaN, or empty text.

    Raises ``RequestError`` (500) if an integer or a boolean is null, which raw data can't
    represent.
    """
    if output.datatype == "BYTES":
        texts = ["" if value is None else value for value in output.values]
        encoded = [text.encode("utf-8", "backslashreplace") for text in texts]
        return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)
    if output.datatype.startswith("FP"):
        floats = [math.nan if value is None else value for value in output.values]
        return np.array(floats, _CODES[output.datatype]).tobytes()
    if None in output.values:
        message = f"{output.name}: the model returned null, which binary output can't represent"
        raise RequestError(500, "model_failed", message)
    return np.array(output.values, _CODES[output.datatype]).tobytes()


def _check(budget: Budget, elements: int) -> None:
    try:
        budget.check_values(elements)
    except LimitExceededError as error:
        raise RequestError.of_bound(error) from error


def _described(entry: Any) -> tuple[str, str, tuple[int, ...]]:
    if not isinstance(entry, dict):
        raise malformed("an input is not an object", '{"name", "shape", "datatype"}', entry)
    name, datatype, shape = (entry.get(key) for key in ("name", "datatype", "shape"))
    if not isinstance(name, str):
        raise malformed("an input has no name", "text", name)
    if datatype not in DATATYPES:
        raise malformed(f"input {named(name)}: unknown datatype", ", ".join(DATATYPES), datatype)
    sizes = shape if isinstance(shape, list) else [None]
    if not 1 <= len(sizes) <= 2 or not all(
        type(size) is int and 0 <= size <= MAX_SIZE for size in sizes
    ):
        raise malformed(f"input {named(name)}: shape", "[rows] or [rows, columns]", shape)
    return name, datatype, tuple(sizes)


def _binary_size(name: str, entry: dict[str, Any]) -> int | None:
    """Bytes of raw data of an input; None if its data is JSON."""
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise malformed(f"input {named(name)}: parameters", "an object", parameters)
    if "shared_memory_region" in parameters:
        raise malformed(f"input {named(name)}: shared memory is not supported", "data", parameters)
    size = parameters.get("binary_data_size")
    if size is None:
        return None
    if type(size) is not int or not 0 <= size <= MAX_SIZE:
        raise malformed(f"input {named(name)}: binary_data_size", "a number of bytes", size)
    if "data" in entry:
        message = f"input {named(name)}: has both data and binary_data_size"
        raise malformed(message, "one of them", size)
    return size


def _raw_values(
    name: str, datatype: str, shape: tuple[int, ...], size: int, raw: bytes
) -> list[Any]:
    count = math.prod(shape)
    if len(raw) < size:
        raise malformed(f"input {named(name)}: raw data is truncated", f"{size} bytes", len(raw))
    if datatype == "BYTES":
        return list(_texts(name, shape, raw))
    dtype = np.dtype(_CODES[datatype])
    if size != count * dtype.itemsize:
        raise malformed(f"input {named(name)}: raw data", f"{count * dtype.itemsize} bytes", size)
    # A raw BOOL byte may have any value; NumPy's bool allows only 0 and 1.
    array = np.frombuffer(raw, np.uint8) != 0 if datatype == "BOOL" else np.frombuffer(raw, dtype)
    values: list[Any] = array.tolist()
    return [None if value != value else value for value in values]


def _texts(name: str, shape: tuple[int, ...], raw: bytes) -> Iterator[str]:
    place = 0
    found = 0
    while place < len(raw):
        start = place + _LENGTH.size
        place = start + _LENGTH.unpack_from(raw, place)[0] if start <= len(raw) else len(raw) + 1
        if place > len(raw):
            raise malformed(
                f"input {named(name)}: raw text is truncated", "length and text", len(raw)
            )
        try:
            yield raw[start:place].decode("utf-8")
        except UnicodeDecodeError as error:
            got = f"byte 0x{error.object[error.start]:02x}"
            where = _where(name, found, shape)
            raise malformed(f"{where}: text is not UTF-8", "UTF-8", got) from error
        found += 1
    if found != math.prod(shape):
        raise malformed(f"input {named(name)}: raw data", f"{math.prod(shape)} texts", found)


def _json_values(
    name: str, datatype: str, shape: tuple[int, ...], entry: dict[str, Any]
) -> list[Any]:
    data = entry.get("data")
    if not isinstance(data, list):
        raise malformed(f"input {named(name)}: data", "a list", data)
    nested = any(isinstance(value, list) for value in data)
    if nested and (
        len(shape) != 2
        or not all(isinstance(value, list) and len(value) == shape[1] for value in data)
    ):
        raise malformed(
            f"input {named(name)}: the nesting of data differs from shape", str(shape), data
        )
    values = [cell for row in data for cell in row] if nested else data
    if len(values) != math.prod(shape):
        raise malformed(f"input {named(name)}: data", f"{math.prod(shape)} elements", len(values))
    fits = _fitting(datatype)
    for place, value in enumerate(values):
        if not (value is None or fits(value)):
            where = _where(name, place, shape)
            raise malformed(f"{where}: an element is no {datatype}", datatype, value)
    return [None if is_nan(value) else value for value in values]


def _where(name: str, place: int, shape: tuple[int, ...]) -> str:
    """The row of an element, and its column or its index in the row."""
    width = shape[1] if len(shape) == 2 else 1
    if width == 1:
        return f"row {place}, column {json.dumps(truncate(name))}"
    return f"row {place // width}, value {place % width} of input {named(name)}"


def _fitting(datatype: str) -> Callable[[Any], bool]:
    """A predicate: whether a JSON value is an element of ``datatype``."""
    if datatype == "BYTES":
        return lambda value: isinstance(value, str)
    if datatype == "BOOL":
        return lambda value: isinstance(value, bool)
    if datatype.startswith("FP"):
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    low, high = int(np.iinfo(_CODES[datatype]).min), int(np.iinfo(_CODES[datatype]).max)
    return lambda value: type(value) is int and low <= value <= high
