"""Reads a ``ModelInferRequest`` of one row from its bytes, if it is written as encoders usually do.

A message object and its fields take more time than the prediction of a row. Encoders write fields
in the order of their numbers, so that all of an input but its value is the same in every call:
these bytes are made once, by protobuf itself, and compared. Whatever differs is read from a message
object. Field numbers are those of :mod:`serving.grpc.messages`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packager.manifest.manifest import Column, Manifest
from serving.grpc.messages import MESSAGES
from serving.protocols.v2 import MAX_ID

MAX_BYTES = 8_192
"""Of a body; larger ones have many columns, where arrays are faster."""
_NAME, _VERSION, _ID, _INPUT, _OUTPUT, _RAW = 0x0A, 0x12, 0x1A, 0x2A, 0x32, 0x3A
"""Tags of the fields of a request."""
_NESTED = ("array", "bytes", "list")
"""Kinds of columns whose cells are no single values."""
_TENSOR = MESSAGES["ModelInferRequest.InferInputTensor"]
_FP64, _FP32, _INT64 = struct.Struct("<d"), struct.Struct("<f"), struct.Struct("<q")
Reader = Callable[[bytes], Any]
"""Bytes → value; raises ``UnusualError``."""


class UnusualError(Exception):
    """Only the message object tells what the bytes mean."""


@dataclass(slots=True)
class UsualRow:
    """A request of one row."""

    row: dict[str, Any]
    id: str | None
    outputs: tuple[bytes, ...]
    """The messages of the requested outputs."""
    raw: bool
    """Whether the inputs were raw."""


class UsualRows:
    """Reads the usual requests for one model."""

    def __init__(self, manifest: Manifest) -> None:
        schema = manifest.schema_
        self._model = manifest.name.encode()
        self._versions = (b"", manifest.tag.encode())
        plain = [one for one in (*schema.features, *schema.extras) if one.kind not in _NESTED]
        self._columns = {one.name.encode(): one.name for one in plain}
        self._other = {one.name.encode() for one in (*schema.features, *schema.extras)}
        self._readers = _readers((1,)) + _readers((1, 1))
        self._matrix = _Matrix.of(schema.features)

    def read(self, body: bytes) -> UsualRow | None:
        """The row of a request; None if its message object has to be read."""
        if len(body) > MAX_BYTES:
            return None
        try:
            return self._read(body)
        except (UnusualError, IndexError, UnicodeDecodeError, struct.error):
            return None

    def _read(self, body: bytes) -> UsualRow:
        inputs: list[bytes] = []
        outputs: list[bytes] = []
        raws: list[bytes] = []
        named, request_id, at, end = False, None, 0, len(body)
        while at < end:
            tag, size = body[at], body[at + 1]
            at += 2
            if size >= 0x80:
                size = (size & 0x7F) + (_byte(body[at]) << 7)
                at += 1
            stop = at + size
            if stop > end:
                raise UnusualError
            part = body[at:stop]
            at = stop
            if tag == _INPUT:
                inputs.append(part)
            elif tag == _RAW:
                raws.append(part)
            elif tag == _NAME and part == self._model:
                named = True
            elif tag == _ID and size <= MAX_ID:
                request_id = part.decode()
            elif tag == _OUTPUT:
                outputs.append(part)
            elif tag != _VERSION or part not in self._versions:
                raise UnusualError
        if not named or not inputs or (raws and len(raws) != len(inputs)):
            raise UnusualError
        return UsualRow(self._row(inputs, raws), request_id or None, tuple(outputs), bool(raws))

    def _row(self, inputs: Sequence[bytes], raws: Sequence[bytes]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for index, one in enumerate(inputs):
            start = 2 + _byte(one[1])
            name = self._columns.get(one[2:start])
            if one[0] != _NAME or name is None:
                return self._matrix_row(inputs, raws, start)
            if raws:
                row[name] = self._raw_cell(one[start:], raws[index])
            else:
                row[name] = self._cell(one, start)
        if len(row) != len(inputs):  # a name came twice
            raise UnusualError
        return row

    def _cell(self, one: bytes, start: int) -> Any:
        for head, typed, _ in self._readers:
            if one.startswith(head, start):
                return typed(one[start + len(head) :])
        raise UnusualError

    def _raw_cell(self, described: bytes, content: bytes) -> Any:
        for head, _, raw in self._readers:
            if described == head:
                return raw(content)
        raise UnusualError

    def _matrix_row(
        self, inputs: Sequence[bytes], raws: Sequence[bytes], start: int
    ) -> dict[str, Any]:
        [one, *rest] = inputs
        name = one[2:start]
        if self._matrix is None or rest or one[0] != _NAME or name in self._other:
            raise UnusualError
        name.decode()
        return self._matrix.row(one[start:], raws[0] if raws else None)


@dataclass(frozen=True)
class _Matrix:
    """The form of all features in one tensor of FP64."""

    names: tuple[str, ...]
    described: bytes
    """The tensor without its name and its contents."""
    head: bytes
    """The same up to the contents' numbers."""
    numbers: struct.Struct

    @classmethod
    def of(cls, features: Sequence[Column]) -> _Matrix | None:
        """None if a feature is no number."""
        if not features or any(feature.kind not in ("number", "integer") for feature in features):
            return None
        width = len(features)
        described = _described("FP64", (1, width))
        whole = _TENSOR(datatype="FP64", shape=(1, width))
        whole.contents.fp64_contents.extend([0.0] * width)
        head = whole.SerializeToString()[: -8 * width]
        names = tuple(feature.name for feature in features)
        return cls(names, described, head, struct.Struct(f"<{width}d"))

    def row(self, described: bytes, raw: bytes | None) -> dict[str, Any]:
        """The cells of a tensor's bytes after its name; its raw contents, if they are raw."""
        if raw is not None:
            if described != self.described:
                raise UnusualError
            cells = self.numbers.unpack(raw)
        else:
            size = len(self.head)
            if not described.startswith(self.head):
                raise UnusualError
            cells = self.numbers.unpack(described[size:])
        _not_null(sum(cells))
        return dict(zip(self.names, cells, strict=True))


def _readers(shape: tuple[int, ...]) -> tuple[tuple[bytes, Reader, Reader], ...]:
    """The tensor's bytes between name and contents, how these are read, and how raw ones are."""
    kinds: Mapping[str, tuple[Reader, Reader]] = {
        "FP64": (_packed(7, _FP64), _number(_FP64)),
        "BYTES": (_text, _raw_text),
        "INT64": (_integer, _number(_INT64)),
        "FP32": (_packed(6, _FP32), _number(_FP32)),
        "BOOL": (_flag, _raw_flag),
    }
    return tuple((_described(kind, shape), *readers) for kind, readers in kinds.items())


def _described(datatype: str, shape: Sequence[int]) -> bytes:
    """Datatype and shape of a tensor, as an encoder writes them after the name."""
    encoded: bytes = _TENSOR(datatype=datatype, shape=shape).SerializeToString()
    return encoded


def _packed(field: int, number: struct.Struct) -> Reader:
    """A reader of contents with one number in the packed ``field``."""
    size = number.size
    head = bytes([0x2A, size + 2, field << 3 | 2, size])

    def read(contents: bytes) -> float:
        if len(contents) != len(head) + size or not contents.startswith(head):
            raise UnusualError
        return float(_not_null(number.unpack_from(contents, len(head))[0]))

    return read


def _number(number: struct.Struct) -> Reader:
    """A reader of a raw number; ``struct.error`` for another size."""
    return lambda raw: _not_null(number.unpack(raw)[0])


def _not_null(value: Any) -> Any:
    if value != value:  # a null, or a sum with one
        raise UnusualError
    return value


def _text(contents: bytes) -> str:
    size = len(contents)
    if not 4 <= size < 0x80 or (contents[0], contents[1]) != (0x2A, size - 2):
        raise UnusualError
    if (contents[2], contents[3]) != (0x42, size - 4):
        raise UnusualError
    return contents[4:].decode()


def _raw_text(raw: bytes) -> str:
    if len(raw) < 4 or int.from_bytes(raw[:4], "little") != len(raw) - 4:
        raise UnusualError
    return raw[4:].decode()


def _integer(contents: bytes) -> int:
    """One number of the packed field 3, not negative and below 2⁶³."""
    size = len(contents)
    if not 5 <= size < 14 or contents[:4] != bytes([0x2A, size - 2, 0x1A, size - 4]):
        raise UnusualError
    value = 0
    for index in range(4, size):
        byte = contents[index]
        if (byte < 0x80) != (index == size - 1):
            raise UnusualError
        value |= (byte & 0x7F) << 7 * (index - 4)
    return value


def _flag(contents: bytes) -> bool:
    if contents[:-1] != b"\x2a\x03\x0a\x01" or contents[-1] > 1:
        raise UnusualError
    return contents[-1] == 1


def _raw_flag(raw: bytes) -> bool:
    if len(raw) != 1:
        raise UnusualError
    return raw != b"\0"


def _byte(value: int) -> int:
    """The last byte of a length."""
    if value >= 0x80:
        raise UnusualError
    return value
