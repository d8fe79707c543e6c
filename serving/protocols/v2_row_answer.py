"""Writes the V2 answer to one row from parts that are kept, as JSON and as raw tensors.

All but the numbers and the token of an answer repeats: names, datatypes and shapes of the outputs,
and few labels. The result has the bytes of what :mod:`serving.protocols.v2` writes from tensors.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from packager.manifest.manifest import Manifest
from serving.http.messages import PART_ELEMENTS, encode_small
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_outputs import FLAGS, PREDICTION, PROBABILITIES, TOKEN, OutputTensors
from serving.protocols.v2_tensors import described_output

MAX_KEPT = 1_000
"""Labels, and sets of flags, whose bytes are kept."""
MAX_KEPT_TEXT = 200
"""Characters of them."""
Part = tuple[bytes, bytes]
"""The JSON of an output, and its raw data."""
Wanted = Sequence[tuple[str, bool]] | None
"""Names of outputs, each with whether it is binary; None for all."""
_REPEATED = (bool, int, str)


class TensorRowAnswers:
    """Answers of one model to one row; None for what only tensors can say."""

    def __init__(self, manifest: Manifest, tensors: OutputTensors) -> None:
        self._tensors = tensors
        self._number = tensors.is_number
        self._several = len(manifest.schema_.outputs) > 1
        named = {"model_name": manifest.name, "model_version": manifest.tag}
        self._head = encode_small(named)[:-1]
        self._kept: dict[tuple[str, bool, type, Any], Part] = {}
        self._heads: dict[tuple[str, bool, int], bytes] = {}

    def written(
        self, request_id: str | None, wanted: Wanted, scored: ScoredRows, *, binary: bool
    ) -> tuple[bytes, Mapping[str, str]] | None:
        """The answer with the outputs ``wanted`` and its headers.

        ``binary``: whether the outputs are, if all are wanted. Raises ``RequestError`` as
        ``OutputTensors.tensors`` does.
        """
        if len(scored.labels) != 1 or self._several or scored.more is not None:
            return None
        if wanted is None:
            wanted = [(name, binary) for name in _names(scored)]
        parts = []
        for name, raw in wanted:
            part = self._part(name, raw, scored)
            if part is None:
                return None
            parts.append(part)
        try:
            told = b"" if request_id is None else b',"id":' + orjson.dumps(request_id)
        except orjson.JSONEncodeError:  # a lone surrogate
            return None
        outputs = b",".join([entry for entry, _ in parts])
        text = b"".join((self._head, told, b',"outputs":[', outputs, b"]}"))
        if not any(raw for _, raw in wanted):
            return text, {}
        headers = {
            "content-type": "application/octet-stream",
            "inference-header-content-length": str(len(text)),
        }
        return b"".join((text, *(raw for _, raw in parts))), headers

    def _part(self, name: str, binary: bool, scored: ScoredRows) -> Part | None:
        if name == PREDICTION:
            label = scored.labels[0]
            if self._number and type(label) is float:
                return self._floats(name, binary, (label,), scored)
            if type(label) not in _REPEATED:
                return None
            return self._repeated(name, binary, label, scored)
        if name == PROBABILITIES and scored.probabilities is not None:
            return self._floats(name, binary, scored.probabilities[0], scored)
        if name == FLAGS:
            return self._repeated(name, binary, ";".join(scored.checked.flags[0]), scored)
        if name == TOKEN and scored.tokens is not None:
            token = scored.tokens[0].encode()
            head = self._kept_head(name, binary, len(token), scored)
            if binary:
                return head, struct.pack("<I", len(token)) + token
            return head + b'["' + token + b'"]}', b""
        return None

    def _repeated(self, name: str, binary: bool, value: Any, scored: ScoredRows) -> Part:
        key = (name, binary, type(value), value)
        part = self._kept.get(key)
        if part is None:
            entry, raw = self._made(name, binary, scored)
            part = encode_small(entry), raw
            if len(self._kept) < MAX_KEPT and len(str(value)) <= MAX_KEPT_TEXT:
                self._kept[key] = part
        return part

    def _floats(
        self, name: str, binary: bool, values: Sequence[float], scored: ScoredRows
    ) -> Part | None:
        if not math.isfinite(sum(values)) or len(values) > PART_ELEMENTS:
            return None
        head = self._kept_head(name, binary, len(values), scored)
        if binary:
            return head, struct.pack(f"<{len(values)}d", *values)
        return head + orjson.dumps([*values]) + b"}", b""

    def _kept_head(self, name: str, binary: bool, size: int, scored: ScoredRows) -> bytes:
        """The JSON of an output of ``size`` numbers or bytes up to its data, all of it if raw."""
        key = (name, binary, size)
        head = self._heads.get(key)
        if head is None:
            entry, _ = self._made(name, binary, scored)
            head = encode_small(entry if binary else {**entry, "data": None})
            head = head if binary else head.removesuffix(b"null}")
            if len(self._heads) < MAX_KEPT:
                self._heads[key] = head
        return head

    def _made(self, name: str, binary: bool, scored: ScoredRows) -> tuple[dict[str, Any], bytes]:
        return described_output(self._tensors.tensors(scored)[name], binary=binary)


def _names(scored: ScoredRows) -> Iterator[str]:
    yield PREDICTION
    if scored.probabilities is not None:
        yield PROBABILITIES
    yield FLAGS
    if scored.tokens is not None:
        yield TOKEN
