"""Writes the ``ModelInferResponse`` of one row from parts that protobuf has made before.

A message is the concatenation of its fields, so kept ones are joined, and numbers are put where the
last ones of their kind are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from monitoring.feedback.tokens import TOKEN_LENGTH
from packager.manifest.manifest import Manifest
from serving.grpc.messages import MESSAGES
from serving.grpc.tensors import write_tensors
from serving.protocols.protocol import ScoredRows
from serving.protocols.row_parts import Fill, Part, RowParts, Wanted
from serving.protocols.v2_outputs import OutputTensors
from serving.protocols.v2_tensors import OutputTensor

_RESPONSE = MESSAGES["ModelInferResponse"]


class RowAnswers:
    """Answers of one model to one row; None for what only a message object can say."""

    def __init__(self, manifest: Manifest, tensors: OutputTensors) -> None:
        self._parts = RowParts(manifest, tensors, _MessageEncoding())
        self._head = _serialized(model_name=manifest.name, model_version=manifest.tag)

    def written(
        self, request_id: str | None, requested: Wanted, scored: ScoredRows, *, raw: bool
    ) -> bytes | None:
        """The message with the outputs ``requested``; ``request_id``: the request's id.

        ``raw``: whether the outputs have raw contents, whatever ``requested`` says. Raises
        ``RequestError`` as ``OutputTensors.tensors`` does.
        """
        if requested is not None:
            requested = [(name, raw) for name, _ in requested]
        parts = self._parts.of(requested, scored, raw=raw)
        if parts is None:
            return None
        named = b"" if request_id is None else _serialized(id=request_id)
        outputs, raws = zip(*parts, strict=True)
        return b"".join((self._head, named, *outputs, *raws))


class _MessageEncoding:
    """The field of an output, and that of its raw contents."""

    def part(self, output: OutputTensor, *, raw: bool) -> Part:
        """See ``OutputEncoding``."""
        response = _RESPONSE()
        write_tensors(response, [output], raw=raw)
        contents = [*response.raw_output_contents]
        response.ClearField("raw_output_contents")
        return response.SerializeToString(), _serialized(raw_output_contents=contents)

    def fill(self, output: OutputTensor, *, raw: bool) -> Fill:
        """See ``OutputEncoding``; the contents are the last bytes of a field."""
        entry, data = self.part(output, raw=raw)
        pack: Callable[[Any], bytes] = bytes
        size = TOKEN_LENGTH
        if output.datatype != "BYTES":
            numbers = struct.Struct(f"<{math.prod(output.shape)}d")
            pack, size = partial(_packed, numbers.pack), numbers.size
        if raw:
            head = data[:-size]
            return lambda content: (entry, head + pack(content))
        head = entry[:-size]
        return lambda content: (head + pack(content), b"")


def _packed(pack: Callable[..., bytes], numbers: Sequence[float]) -> bytes:
    return pack(*numbers)


def _serialized(**fields: Any) -> bytes:
    encoded: bytes = _RESPONSE(**fields).SerializeToString()
    return encoded
