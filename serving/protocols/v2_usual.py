"""Reads the body of a V2 request in one pass, if it is written as clients usually do.

``msgspec`` parses the tensors with the types that they name, and the JSON before raw tensors is the
same in every call of a client, so that what it says is kept. Whatever differs is left to
:mod:`serving.protocols.v2_tensors`, with the same rows for what is read here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import numpy as np

from packager.manifest.base import MAX_EXACT_INTEGER
from packager.manifest.manifest import Manifest
from serving.http.json_bodies import is_heavy
from serving.protocols.v2_tensors import CODES, MAX_RANK, MAX_SIZE, Tensor
from serving.protocols.v2_values import FLOATS

MAX_KEPT = 64
"""Heads, and sets of options, that are kept; the oldest is left out for a new one."""
MAX_KEPT_BYTES = 4_096
"""Of a head that is kept."""
_EMPTY = msgspec.Raw(b"")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)
_WHOLE = tuple(name for name in CODES if "INT" in name)
Stored = TypeVar("Stored")


class _Input(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw


class _Document(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    inputs: list[_Input]
    id: str | None = None
    parameters: msgspec.Raw = _EMPTY
    outputs: msgspec.Raw = _EMPTY


_document = msgspec.json.Decoder(_Document).decode
_options = msgspec.json.Decoder(dict[str, Any]).decode
_texts = msgspec.json.Decoder(list[str | None]).decode
_flags = msgspec.json.Decoder(list[bool | None]).decode
_numbers = msgspec.json.Decoder(list[int | float | None]).decode
_whole = msgspec.json.Decoder(list[int | None]).decode
_reals = msgspec.json.Decoder(list[float]).decode
_PLAIN: Mapping[str, Callable[[msgspec.Raw], list[Any]]] = {
    "BYTES": _texts,
    "BOOL": _flags,
    **dict.fromkeys(FLOATS, _numbers),
    **dict.fromkeys(_WHOLE, _whole),
}
"""Datatype → what reads the flat data of a column of single values."""


class UnusualDocumentError(Exception):
    """Only the whole document tells what the bytes mean."""


@dataclass(slots=True)
class _RawInput:
    name: str
    datatype: str
    shape: tuple[int, ...]
    size: int


@dataclass(slots=True)
class _Head:
    """The JSON before raw tensors, if all of them are raw."""

    inputs: Sequence[_RawInput]
    size: int
    """Bytes of the raw data."""
    request: Any
    array: tuple[str, np.dtype[Any], tuple[int, ...]] | None
    """Feature, dtype and shape of all rows, if the only input is of the only feature, an array."""


class UsualInputs:
    """Reads the usual requests for one model."""

    def __init__(self, manifest: Manifest) -> None:
        schema = manifest.schema_
        columns = (*schema.features, *schema.extras)
        self._kinds = {column.name: column.kind for column in columns}
        self._only = schema.features[0].name if len(schema.features) == 1 else None
        self._shape = schema.features[0].shape if self._only is not None else None
        self._heads: OrderedDict[bytes, _Head] = OrderedDict()
        self._requests: OrderedDict[tuple[bytes, bytes], Any] = OrderedDict()

    def after_head(self, head: bytes, raw: memoryview) -> tuple[list[Tensor], Any] | None:
        """The tensors in ``raw`` and the options, if ``head`` came before."""
        known = self._heads.get(head) if len(head) <= MAX_KEPT_BYTES else None
        if known is None or known.size != len(raw):
            return None
        tensors, at = [], 0
        for input_ in known.inputs:
            part = raw[at : at + input_.size]
            tensors.append(Tensor(input_.name, input_.datatype, input_.shape, None, part))
            at += input_.size
        return tensors, known.request

    def arrays_after_head(
        self, head: bytes, raw: memoryview
    ) -> tuple[list[dict[str, Any]], Any] | None:
        """The rows in ``raw`` and the options, if ``head`` came before and is of arrays alone.

        The cells are views of ``raw``, as those that ``array_cells`` makes.
        """
        known = self._heads.get(head) if len(head) <= MAX_KEPT_BYTES else None
        if known is None or known.array is None or known.size != len(raw):
            return None
        name, dtype, shape = known.array
        return [{name: cell} for cell in np.ndarray(shape, dtype, raw)], known.request

    def keep_head(self, head: bytes, tensors: Sequence[Tensor], request: Any) -> None:
        """Keep what a head says: its tensors, with their raw data, and its options."""
        if len(head) > MAX_KEPT_BYTES or any(
            tensor.raw is None or tensor.text for tensor in tensors
        ):
            return
        inputs = [
            _RawInput(tensor.name, tensor.datatype, tensor.shape, len(tensor.raw or b""))
            for tensor in tensors
        ]
        size, array = sum(input_.size for input_ in inputs), self._array_of(inputs)
        _keep(self._heads, head, _Head(inputs, size, request, array))

    def _array_of(
        self, inputs: Sequence[_RawInput]
    ) -> tuple[str, np.dtype[Any], tuple[int, ...]] | None:
        """The field ``array`` of a head whose rows have been read."""
        first = inputs[0]
        only, shape = self._only, self._shape
        if len(inputs) > 1 or only is None or self._kinds[only] != "array" or shape is None:
            return None
        if first.datatype in ("BOOL", "BF16", "BYTES") or first.name in self._kinds.keys() - {only}:
            return None
        return only, np.dtype(CODES[first.datatype]), (first.shape[0], *shape)

    def in_json(
        self, body: bytes, options: Callable[[dict[str, Any]], Any]
    ) -> tuple[list[Tensor], Any] | None:
        """The tensors and options of a body of JSON that the budget allows; None if it is unusual.

        ``options``: a function from the document without inputs to a dataclass with ``id``.
        """
        if is_heavy(body):
            return None
        try:
            document = _document(body)
            tensors = [self._tensor(input_) for input_ in document.inputs]
            if not tensors or len({tensor.name for tensor in tensors}) != len(tensors):
                return None
            return tensors, self._request(document, options)
        except (*_UNREADABLE, UnusualDocumentError):
            return None

    def _request(self, document: _Document, options: Callable[[dict[str, Any]], Any]) -> Any:
        """The options, kept for all but the id; raises ``RequestError`` as ``options`` does."""
        key = bytes(document.parameters), bytes(document.outputs)
        known = self._requests.get(key)
        if known is None:
            members = zip(("parameters", "outputs"), key, strict=True)
            text = b",".join(b'"%s":%s' % (name.encode(), raw) for name, raw in members if raw)
            known = options(_options(b"{" + text + b"}"))
            if sum(map(len, key)) <= MAX_KEPT_BYTES:
                _keep(self._requests, key, known)
        if document.id is None:
            return known
        return replace(known, id=options({"id": document.id}).id)

    def _tensor(self, one: _Input) -> Tensor:
        shape, kind = tuple(one.shape), self._kinds.get(one.name)
        if not 1 <= len(shape) <= MAX_RANK or not all(0 <= size <= MAX_SIZE for size in shape):
            raise UnusualDocumentError
        if kind is None and self._only is not None and self._kinds[self._only] == "array":
            kind = "array"
        if kind == "array":
            return self._array(one, shape)
        read = _PLAIN.get(one.datatype)
        if read is None or kind == "list":
            raise UnusualDocumentError
        data = read(one.data)
        if one.datatype not in ("BYTES", "BOOL"):
            _check_numbers(data, one.datatype)
        return Tensor(one.name, one.datatype, shape, data, None, typed=True)

    def _array(self, one: _Input, shape: tuple[int, ...]) -> Tensor:
        """Flat numbers of arrays as raw data: floats in float64, as they are written."""
        whole = one.datatype in _WHOLE
        if not whole and one.datatype not in FLOATS:
            raise UnusualDocumentError
        try:
            data: list[Any] = _whole(one.data) if whole else _reals(one.data)
            wide = np.fromiter(data, np.int64 if whole else np.float64, len(data))
        except (msgspec.ValidationError, TypeError) as error:  # nested, or null
            raise UnusualDocumentError from error
        # A larger float may have been an integer, which must be held exactly.
        if wide.size and not max(wide.max(), -wide.min()) < MAX_EXACT_INTEGER:
            raise UnusualDocumentError
        datatype, cast = "FP64", wide
        if whole:
            datatype, cast = one.datatype, wide.astype(CODES[one.datatype])
            if not np.array_equal(cast, wide):
                raise UnusualDocumentError
        if wide.size != int(np.prod(shape, dtype=object)):
            raise UnusualDocumentError
        return Tensor(one.name, datatype, shape, None, memoryview(cast.tobytes()))


def _check_numbers(data: Sequence[Any], datatype: str) -> None:
    """Raise ``UnusualDocumentError`` for rare numbers, or those the datatype may not hold."""
    present = [value for value in data if value is not None] if None in data else data
    if not present:
        return
    low, high = float(min(present)), float(max(present))
    if not -MAX_EXACT_INTEGER < low <= high < MAX_EXACT_INTEGER:
        raise UnusualDocumentError
    if datatype in _WHOLE:
        limits = np.iinfo(CODES[datatype])
        if low < limits.min or high > limits.max:
            raise UnusualDocumentError


def _keep(cache: OrderedDict[Any, Stored], key: Any, value: Stored) -> None:
    if key not in cache and len(cache) >= MAX_KEPT:
        cache.popitem(last=False)
    cache[key] = value
