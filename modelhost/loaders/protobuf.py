"""The fields of a protocol buffer, as far as the head of an ONNX graph needs them."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
MODEL_FIELDS = {1: _VARINT, 2: _BYTES, 3: _BYTES, 4: _BYTES, 5: _VARINT, 6: _BYTES, 7: _BYTES}
"""Wire types of ModelProto: versions, producer, domain, model version, doc, graph."""
GRAPH, OPERATORS = 7, (8, 14, 20, 25, 26)
NODES, ATTRIBUTES = 1, 5
INPUTS, OUTPUTS, OPERATOR = 1, 2, 4
STRINGS, INTEGERS = 9, 8
CLASS_ATTRIBUTES = (
    *("classlabels_strings", "classlabels_int64s", "classlabels_ints"),
    *("cats_strings", "keys_strings"),
)


class Field(NamedTuple):
    """A field: its number and its value, bytes or an integer."""

    number: int
    value: bytes | int


class GraphNode(NamedTuple):
    """An operator of a graph, its outputs, and the class labels in its attributes."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    classes: tuple[str | int, ...] | None


def is_onnx(path: Path, *, has_name: bool) -> bool:
    """Whether a file is an ONNX graph. ``has_name``: its name says so.

    Raises ``ValueError`` for one that is cut off.
    """
    if path.stat().st_size < 8:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        seen = set()
        if content[0] != 8:  # ir_version comes first
            return False
        try:
            for number, _, _ in _field_spans(content):
                if number not in MODEL_FIELDS and number not in OPERATORS:
                    return False
                seen.add(number)
        except ValueError:
            if has_name or GRAPH in seen:
                raise ValueError("an ONNX graph that is cut off: save the model again") from None
            return False
    return GRAPH in seen


def nodes(content: bytes) -> list[GraphNode]:
    """The operators of the graph of an ONNX model, in order."""
    operators = []
    for field in fields(content):
        if field.number == GRAPH and isinstance(field.value, bytes):
            graph = fields(field.value)
            operators += [_node(one.value) for one in graph if one.number == NODES]  # type: ignore[arg-type]
    return operators


def _node(content: bytes) -> GraphNode:
    own = [(f.number, f.value) for f in fields(content) if isinstance(f.value, bytes)]
    operator = next((value.decode() for number, value in own if number == OPERATOR), "")
    inputs = [value.decode() for number, value in own if number == INPUTS]
    outputs = [value.decode() for number, value in own if number == OUTPUTS]
    labels = [_labels(value) for number, value in own if number == ATTRIBUTES]
    return GraphNode(operator, inputs, outputs, next((label for label in labels if label), None))


def _labels(content: bytes) -> tuple[str | int, ...] | None:
    own = list(fields(content))
    name = next((f.value for f in own if f.number == 1), b"")
    if not isinstance(name, bytes) or name.decode("utf-8", "replace") not in CLASS_ATTRIBUTES:
        return None
    texts = [f.value.decode() for f in own if f.number == STRINGS and isinstance(f.value, bytes)]
    if texts:
        return tuple(texts)
    numbers: list[int] = []
    for field in own:
        if field.number == INTEGERS:
            packed = field.value
            numbers += [packed] if isinstance(packed, int) else _varints(packed)
    return tuple(number - (1 << 64) if number >> 63 else number for number in numbers) or None


def fields(content: bytes) -> Iterator[Field]:
    """The fields of a message; raises ``ValueError`` if it is cut off."""
    for number, start, stop in _field_spans(content):
        if stop < start:
            yield Field(number, ~stop)
        else:
            yield Field(number, content[start:stop])


def _field_spans(content: bytes | mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """(number, start, stop) of the value of each field; of a varint, ``~value`` as its stop."""
    at, size = 0, len(content)
    while at < size:
        key, at = _varint(content, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield number, at, ~value
            continue
        if kind == _BYTES:
            length, at = _varint(content, at)
        elif kind in (_EIGHT, _FOUR):
            length = 8 if kind == _EIGHT else 4
        else:
            raise ValueError(f"no wire type {kind}")
        if at + length > size or not number:
            raise ValueError("a field ends behind the message")
        yield number, at, at + length
        at += length


def _varints(content: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(content):
        value, at = _varint(content, at)
        numbers.append(value)
    return numbers


def _varint(content: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content) and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("a number ends behind the message")
