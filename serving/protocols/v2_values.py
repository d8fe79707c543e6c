"""The data of a V2 tensor as the cells of a column, by the kind of the column.

Raw numbers are views of the body: no Python object is made for an element of an array.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelhost.text import truncate
from packager.data.rows.conversion_error import ConversionError
from packager.data.rows.nested_values import flattened, held_elements
from packager.manifest.base import Kind
from packager.manifest.manifest import Column
from serving.http.limits import Budget, LimitExceededError
from serving.http.messages import RequestError
from serving.protocols.parsing import is_nan, malformed, quoted
from serving.protocols.v2_tensors import CODES, LENGTH, Tensor

FLOATS = ("FP16", "FP32", "FP64", "BF16")
_DATATYPES: Mapping[Kind, str] = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}


def datatype(column: Column) -> str:
    """The V2 datatype of a column's values; BYTES for text, bytes, lists and anything else."""
    if column.kind == "array":
        element = np.dtype(column.element)
        return next(name for name, code in CODES.items() if np.dtype(code) == element)
    if column.kind == "integer" and column.dtype.lower() == "uint64":
        return "UINT64"
    return _DATATYPES.get(column.kind, "BYTES")


def plain_cells(tensor: Tensor) -> list[Any]:
    """The elements in row-major order as plain values; null, and NaN, as None."""
    if tensor.raw is None:
        return _json_values(tensor)
    if tensor.datatype == "BYTES":
        return [_decoded(tensor, *one) for one in enumerate(_raw_parts(tensor))]
    values: list[Any] = _raw_numbers(tensor).tolist()
    return [None if value != value else value for value in values]


def bytes_cells(tensor: Tensor) -> list[Any]:
    """The bytes of each row; in JSON base64 text, which is returned as it is."""
    _require_bytes(tensor)
    if tensor.raw is not None:
        return list(_raw_parts(tensor))
    values = _json_values(tensor)
    if not tensor.text:
        return values
    return [None if value is None else value.encode("utf-8", "surrogatepass") for value in values]


def list_cells(tensor: Tensor, budget: Budget) -> list[Any]:
    """The list of each row, which is the JSON text of an element."""
    _require_bytes(tensor)
    cells = plain_cells(tensor)
    try:
        for text in cells:
            budget.check_json((text or "").encode("utf-8", "surrogatepass"))
    except LimitExceededError as error:
        raise RequestError.of_bound(error) from error
    return [_parsed(tensor, row, text) for row, text in enumerate(cells)]


def array_cells(tensor: Tensor, column: Column) -> Sequence[Any]:
    """The array of each row, of the column's shape and the tensor's dtype; None for null.

    The tensor has the shape [rows, *shape], or [rows, size] for the flat elements of each row.
    """
    rows, shape = tensor.shape[0], column.shape or ()
    size = math.prod(shape)
    if tensor.datatype == "BYTES" or tensor.shape[1:] not in (shape, (size,)):
        expected = [rows, *shape] if tensor.datatype != "BYTES" else "a datatype of numbers"
        if (tensor.datatype == "BOOL") != (column.element == "bool"):
            expected = "BOOL" if column.element == "bool" else "a datatype of numbers"
        got = tensor.datatype if isinstance(expected, str) else list(tensor.shape)
        raise malformed(f"input {quoted(tensor.name)}: shape or datatype", str(expected), got)
    if tensor.raw is not None:
        return list(_raw_numbers(tensor).reshape(rows, *shape))
    return _json_arrays(tensor, shape)


def _require_bytes(tensor: Tensor) -> None:
    if tensor.datatype != "BYTES":
        raise malformed(f"input {quoted(tensor.name)}: datatype", "BYTES", tensor.datatype)


def _raw_numbers(tensor: Tensor) -> npt.NDArray[Any]:
    """The elements, flat: a view of the body, except for BOOL and BF16."""
    assert tensor.raw is not None
    brain = tensor.datatype == "BF16"
    dtype = np.dtype("<u2" if brain else CODES[tensor.datatype])
    if len(tensor.raw) != tensor.elements * dtype.itemsize:
        expected = f"{tensor.elements * dtype.itemsize} bytes"
        raise malformed(f"input {quoted(tensor.name)}: raw data", expected, len(tensor.raw))
    if brain:  # the upper half of a float32
        floats: npt.NDArray[Any] = (np.frombuffer(tensor.raw, dtype).astype("<u4") << 16).view(
            "<f4"
        )
        return floats
    # A raw BOOL byte may have any value; NumPy's bool allows only 0 and 1.
    if tensor.datatype == "BOOL":
        flags: npt.NDArray[Any] = np.frombuffer(tensor.raw, np.uint8) != 0
        return flags
    return np.frombuffer(tensor.raw, dtype)


def _raw_parts(tensor: Tensor) -> Iterator[bytes]:
    """The elements of raw BYTES."""
    raw, offset, count = tensor.raw, 0, 0
    assert raw is not None
    elements = tensor.elements
    while offset < len(raw) and count <= elements:
        start = offset + LENGTH.size
        offset = start + LENGTH.unpack_from(raw, offset)[0] if start <= len(raw) else len(raw) + 1
        if offset > len(raw):
            message = f"input {quoted(tensor.name)}: raw text is truncated"
            raise malformed(message, "length and text", len(raw))
        yield bytes(raw[start:offset])
        count += 1
    if count != elements:
        got = "more" if count > elements else count
        raise malformed(f"input {quoted(tensor.name)}: raw data", f"{elements} elements", got)


def _decoded(tensor: Tensor, at: int, part: bytes) -> str:
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError as error:
        got = f"byte 0x{error.object[error.start]:02x}"
        raise malformed(f"{_where(tensor, at)}: text is not UTF-8", "UTF-8", got) from error


def _parsed(tensor: Tensor, row: int, text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise malformed(f"{_where(tensor, row)}: no JSON", "the JSON of a list", text) from error


def _json_values(tensor: Tensor) -> list[Any]:
    data, shape = tensor.data, tensor.shape
    if tensor.typed:
        if len(data) != tensor.elements:
            raise _miscounted(tensor, len(data))
        return [None if value != value else value for value in data]
    if not isinstance(data, list):
        raise malformed(f"input {quoted(tensor.name)}: data", "a list", data)
    nested = any(isinstance(value, list) for value in data)
    if nested and (
        len(shape) != 2
        or not all(isinstance(value, list) and len(value) == shape[1] for value in data)
    ):
        raise _misnested(tensor)
    values = [cell for row in data for cell in row] if nested else data
    if len(values) != tensor.elements:
        raise _miscounted(tensor, len(values))
    fits = _fitting(tensor.datatype)
    for index, value in enumerate(values):
        if not (value is None or fits(value)):
            message = f"{_where(tensor, index)}: an element is no {tensor.datatype}"
            raise malformed(message, tensor.datatype, value)
    return [None if is_nan(value) else value for value in values]


def _json_arrays(tensor: Tensor, shape: Sequence[int]) -> Sequence[Any]:
    """Arrays from flat or nested JSON; floats as they are written, in float64."""
    data, rows = tensor.data, tensor.shape[0]
    if not isinstance(data, list):
        raise malformed(f"input {quoted(tensor.name)}: data", "a list", data)
    if any(isinstance(value, list) for value in data):
        if len(data) != rows:
            expected = f"{rows} rows, or {tensor.elements} elements"
            raise malformed(f"input {quoted(tensor.name)}: data", expected, len(data))
        gone = [value is None for value in data]
        present = [value for value in data if value is not None]
        try:
            flat = flattened(present, (len(present), *tensor.shape[1:]), "")
        except ConversionError as error:
            raise _misnested(tensor) from error
    elif len(data) != tensor.elements:
        raise _miscounted(tensor, len(data))
    else:
        flat, gone = data, [False] * rows
    dtype = np.dtype(np.float64 if tensor.datatype in FLOATS else CODES[tensor.datatype])
    bad, array = held_elements(flat, dtype)
    if bad is not None:
        row, *index = (int(at) for at in np.unravel_index(bad, (len(gone) - sum(gone), *shape)))
        row = [at for at, null in enumerate(gone) if not null][row]
        location = "".join(f"[{at}]" for at in index)
        where = f"row {row}, column {json.dumps(truncate(tensor.name))}, element {location}"
        expected = f"a finite {tensor.datatype}" if tensor.datatype in FLOATS else tensor.datatype
        raise malformed(f"{where}: no {tensor.datatype}", expected, flat[bad])
    cells = iter(array.reshape(-1, *shape))
    return [None if null else next(cells) for null in gone]


def _misnested(tensor: Tensor) -> RequestError:
    message = f"input {quoted(tensor.name)}: the nesting of data differs from shape"
    return malformed(message, str(list(tensor.shape)), tensor.data)


def _miscounted(tensor: Tensor, got: int) -> RequestError:
    expected = f"{tensor.elements} elements"
    return malformed(f"input {quoted(tensor.name)}: data", expected, got)


def _where(tensor: Tensor, index: int) -> str:
    """The row of an element, and its column or its index in the row."""
    width = tensor.shape[1] if len(tensor.shape) == 2 else 1
    if width == 1:
        return f"row {index}, column {json.dumps(truncate(tensor.name))}"
    return f"row {index // width}, value {index % width} of input {quoted(tensor.name)}"


def _fitting(datatype: str) -> Callable[[Any], bool]:
    """A predicate: whether a JSON value is an element of ``datatype``."""
    if datatype == "BYTES":
        return lambda value: isinstance(value, str)
    if datatype == "BOOL":
        return lambda value: isinstance(value, bool)
    if datatype in FLOATS:
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    low, high = int(np.iinfo(CODES[datatype]).min), int(np.iinfo(CODES[datatype]).max)
    return lambda value: type(value) is int and low <= value <= high
