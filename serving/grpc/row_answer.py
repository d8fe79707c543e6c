"""Writes the ``ModelInferResponse`` of one row from parts that protobuf has made before.

All but the numbers and the token of an answer repeats: names, datatypes and shapes of the outputs,
and few labels. A message is the concatenation of its fields, so kept ones are joined, and numbers
are put where the last ones of their kind are. The result has the bytes of the message object.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

from monitoring.feedback.tokens import TOKEN_LENGTH
from packager.manifest.manifest import Manifest
from serving.grpc.messages import MESSAGES
from serving.grpc.tensors import write_tensors
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_outputs import FLAGS, PREDICTION, PROBABILITIES, TOKEN, OutputTensors
from serving.protocols.v2_tensors import OutputTensor

MAX_KEPT = 1_000
"""Labels, and sets of flags, whose bytes are kept."""
MAX_KEPT_TEXT = 200
"""Characters of them."""
Part = tuple[bytes, bytes]
"""The field of the output, and that of its raw contents."""
_REPEATED = (bool, int, str)
_RESPONSE = MESSAGES["ModelInferResponse"]


class RowAnswers:
    """Answers of one model to one row; None for what only a message object can say."""

    def __init__(self, manifest: Manifest, tensors: OutputTensors, *, raw: bool) -> None:
        """``raw``: whether the outputs have raw contents."""
        self._tensors = tensors
        self._raw = raw
        self._number = tensors.is_number
        self._several = len(manifest.schema_.outputs) > 1
        self._head = _serialized(model_name=manifest.name, model_version=manifest.tag)
        self._kept: dict[tuple[str, type, Any], Part] = {}
        self._numbers: dict[tuple[str, int], Callable[[Sequence[float]], Part]] = {}
        self._token: Callable[[bytes], Part] | None = None

    def written(
        self, request_id: str | None, wanted: Sequence[str] | None, scored: ScoredRows
    ) -> bytes | None:
        """The message with the outputs ``wanted``, None for all; ``request_id``: the request's id.

        Raises ``RequestError`` as ``OutputTensors.tensors`` does.
        """
        if len(scored.labels) != 1 or self._several or scored.more is not None:
            return None
        parts = []
        for name in self._names(scored) if wanted is None else wanted:
            part = self._part(name, scored)
            if part is None:
                return None
            parts.append(part)
        named = b"" if request_id is None else _serialized(id=request_id)
        outputs, raws = zip(*parts, strict=True)
        return b"".join((self._head, named, *outputs, *raws))

    def _names(self, scored: ScoredRows) -> list[str]:
        chances = [] if scored.probabilities is None else [PROBABILITIES]
        return [PREDICTION, *chances, FLAGS, *([] if scored.tokens is None else [TOKEN])]

    def _part(self, name: str, scored: ScoredRows) -> Part | None:
        if name == PREDICTION:
            label = scored.labels[0]
            if self._number and type(label) is float:
                return self._floats(name, (label,), scored)
            return self._repeated(name, label, scored) if type(label) in _REPEATED else None
        if name == PROBABILITIES and scored.probabilities is not None:
            return self._floats(name, scored.probabilities[0], scored)
        if name == FLAGS:
            return self._repeated(name, ";".join(scored.checked.flags[0]), scored)
        if name == TOKEN and scored.tokens is not None:
            return self._of_token(scored.tokens[0].encode(), scored)
        return None

    def _repeated(self, name: str, value: Any, scored: ScoredRows) -> Part:
        key = (name, type(value), value)
        part = self._kept.get(key)
        if part is None:
            part = self._made(name, scored)
            if len(self._kept) < MAX_KEPT and len(str(value)) <= MAX_KEPT_TEXT:
                self._kept[key] = part
        return part

    def _floats(self, name: str, values: Sequence[float], scored: ScoredRows) -> Part | None:
        if not math.isfinite(sum(values)):
            return None
        key = (name, len(values))
        fill = self._numbers.get(key)
        if fill is None:
            number = struct.Struct(f"<{len(values)}d")
            filled = _filler(self._made(name, scored), number.size, raw=self._raw)
            fill = self._numbers[key] = lambda numbers: filled(number.pack(*numbers))
        return fill(values)

    def _of_token(self, token: bytes, scored: ScoredRows) -> Part | None:
        if len(token) != TOKEN_LENGTH:
            return None
        if self._token is None:
            self._token = _filler(self._made(TOKEN, scored), TOKEN_LENGTH, raw=self._raw)
        return self._token(token)

    def _made(self, name: str, scored: ScoredRows) -> Part:
        return _fields(self._tensors.tensors(scored)[name], raw=self._raw)


def _fields(output: OutputTensor, *, raw: bool) -> Part:
    response = _RESPONSE()
    write_tensors(response, [output], raw=raw)
    contents = [*response.raw_output_contents]
    response.ClearField("raw_output_contents")
    return response.SerializeToString(), _serialized(raw_output_contents=contents)


def _filler(part: Part, size: int, *, raw: bool) -> Callable[[bytes], Part]:
    """Replaces the last ``size`` bytes of what was made, the contents."""
    output, contents = part
    if raw:
        head = contents[:-size]
        return lambda content: (output, head + content)
    head = output[:-size]
    return lambda content: (head + content, b"")


def _serialized(**fields: Any) -> bytes:
    encoded: bytes = _RESPONSE(**fields).SerializeToString()
    return encoded
