"""The outputs of an answer to one row, joined from bytes that are kept, in any encoding.

All but the numbers and the token of an answer repeats: names, datatypes and shapes of the outputs,
and few labels. The result has the bytes of what an encoding writes from tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from monitoring.feedback.tokens import TOKEN_LENGTH
from packager.manifest.manifest import Manifest
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_outputs import FLAGS, PREDICTION, PROBABILITIES, TOKEN, OutputTensors
from serving.protocols.v2_tensors import OutputTensor

MAX_KEPT = 1_000
"""Labels, and sets of flags, whose bytes are kept; and heads of numbers and tokens."""
MAX_KEPT_TEXT = 200
"""Characters of them."""
Part = tuple[bytes, bytes]
"""The bytes of an output, and those of its raw data."""
Fill = Callable[[Any], Part]
"""Numbers, or a token in ASCII → the output that holds them."""
Wanted = Sequence[tuple[str, bool]] | None
"""Names of outputs, each with whether its data is raw; None for all."""
_REPEATED = (bool, int, str)


class OutputEncoding(Protocol):
    """How an output becomes bytes."""

    def part(self, output: OutputTensor, *, raw: bool) -> Part:
        """The bytes of ``output``; ``raw``: whether its data is raw."""

    def fill(self, output: OutputTensor, *, raw: bool) -> Fill:
        """``part`` of outputs like this one, of floats or of one token, with other contents."""


class RowParts:
    """The outputs of one model's answers to one row, in one encoding."""

    def __init__(
        self, manifest: Manifest, tensors: OutputTensors, encoding: OutputEncoding
    ) -> None:
        self._tensors = tensors
        self._encoding = encoding
        self._number = tensors.is_number
        self._several = len(manifest.schema_.outputs) > 1
        self._kept: dict[tuple[str, bool, type, Any], Part] = {}
        self._fills: dict[tuple[str, bool, int], Fill] = {}

    def of(self, outputs: Wanted, scored: ScoredRows, *, raw: bool) -> list[Part] | None:
        """The outputs ``outputs``, in this order; None if only tensors can tell their bytes.

        ``raw``: whether data is, if all are wanted. Raises ``RequestError`` as
        ``OutputTensors.tensors`` does.
        """
        if len(scored.labels) != 1 or self._several or scored.more is not None:
            return None
        if outputs is None:
            outputs = [(name, raw) for name in _names(scored)]
        parts = []
        for name, own in outputs:
            part = self._part(name, own, scored)
            if part is None:
                return None
            parts.append(part)
        return parts

    def _part(self, name: str, raw: bool, scored: ScoredRows) -> Part | None:
        if name == PREDICTION:
            label = scored.labels[0]
            if self._number and type(label) is float:
                return self._floats(name, raw, (label,), scored)
            return self._repeated(name, raw, label, scored) if type(label) in _REPEATED else None
        if name == PROBABILITIES and scored.probabilities is not None:
            return self._floats(name, raw, scored.probabilities[0], scored)
        if name == FLAGS:
            return self._repeated(name, raw, ";".join(scored.checked.flags[0]), scored)
        if name == TOKEN and scored.tokens is not None:
            token = scored.tokens[0]
            if len(token) == TOKEN_LENGTH:
                return self._fill(name, raw, 1, scored)(token.encode())
        return None

    def _repeated(self, name: str, raw: bool, value: Any, scored: ScoredRows) -> Part:
        key = (name, raw, type(value), value)
        part = self._kept.get(key)
        if part is None:
            part = self._encoding.part(self._tensors.tensors(scored)[name], raw=raw)
            if len(self._kept) < MAX_KEPT and len(str(value)) <= MAX_KEPT_TEXT:
                self._kept[key] = part
        return part

    def _floats(
        self, name: str, raw: bool, values: Sequence[float], scored: ScoredRows
    ) -> Part | None:
        if not math.isfinite(sum(values)):
            return None
        return self._fill(name, raw, len(values), scored)(values)

    def _fill(self, name: str, raw: bool, size: int, scored: ScoredRows) -> Fill:
        key = (name, raw, size)
        fill = self._fills.get(key)
        if fill is None:
            fill = self._encoding.fill(self._tensors.tensors(scored)[name], raw=raw)
            if len(self._fills) < MAX_KEPT:
                self._fills[key] = fill
        return fill


def _names(scored: ScoredRows) -> Iterator[str]:
    yield PREDICTION
    if scored.probabilities is not None:
        yield PROBABILITIES
    yield FLAGS
    if scored.tokens is not None:
        yield TOKEN
