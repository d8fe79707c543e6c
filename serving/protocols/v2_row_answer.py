"""Writes the V2 answer to one row from kept parts, as JSON and as raw tensors."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

import orjson

from packager.manifest.manifest import Manifest
from serving.http.messages import PART_ELEMENTS, encode_small
from serving.protocols.protocol import ScoredRows
from serving.protocols.row_parts import Fill, Part, RowParts, Wanted
from serving.protocols.v2_outputs import OutputTensors
from serving.protocols.v2_tensors import LENGTH, OutputTensor, described_output

_RAW_TYPE = "application/octet-stream"


class TensorRowAnswers:
    """Answers of one model to one row; None for what only tensors can say."""

    def __init__(self, manifest: Manifest, tensors: OutputTensors) -> None:
        self._parts = RowParts(manifest, tensors, _JsonEncoding())
        named = {"model_name": manifest.name, "model_version": manifest.tag}
        self._head = encode_small(named)[:-1]

    def written(
        self, request_id: str | None, requested: Wanted, scored: ScoredRows, *, binary: bool
    ) -> tuple[bytes, Mapping[str, str]] | None:
        """The answer with the outputs ``requested`` and its headers.

        ``binary``: whether the outputs are, if all are wanted. Raises ``RequestError`` as
        ``OutputTensors.tensors`` does.
        """
        chances = scored.probabilities
        if chances is not None and len(chances[0]) > PART_ELEMENTS:  # written in parts
            return None
        parts = self._parts.of(requested, scored, raw=binary)
        if parts is None:
            return None
        try:
            told = b"" if request_id is None else b',"id":' + orjson.dumps(request_id)
        except orjson.JSONEncodeError:  # a lone surrogate
            return None
        outputs = b",".join([entry for entry, _ in parts])
        text = b"".join((self._head, told, b',"outputs":[', outputs, b"]}"))
        if not (binary if requested is None else any(raw for _, raw in requested)):
            return text, {}
        headers = {"content-type": _RAW_TYPE, "inference-header-content-length": str(len(text))}
        return b"".join((text, *(raw for _, raw in parts))), headers


class _JsonEncoding:
    """An output as a member of the JSON, and its raw data."""

    def part(self, output: OutputTensor, *, raw: bool) -> Part:
        """See ``OutputEncoding``."""
        entry, data = described_output(output, binary=raw)
        return encode_small(entry), data

    def fill(self, output: OutputTensor, *, raw: bool) -> Fill:
        """See ``OutputEncoding``."""
        entry, data = described_output(output, binary=raw)
        if raw:
            head = encode_small(entry)
            if output.datatype == "BYTES":
                length = data[: LENGTH.size]
                return lambda token: (head, length + token)
            pack = struct.Struct(f"<{math.prod(output.shape)}d").pack
            return lambda numbers: (head, pack(*numbers))
        head = encode_small({**entry, "data": None}).removesuffix(b"null}")
        if output.datatype == "BYTES":
            return lambda token: (head + b'["' + token + b'"]}', b"")
        return lambda numbers: (head + orjson.dumps([*numbers]) + b"}", b"")
