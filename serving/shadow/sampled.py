"""A sampled request for the shadow process: a frame with the body and the answers."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEAD = struct.Struct(">II")
"""Bytes of the pickled part, and of the body."""
MARK = b"x-model-shadow"
"""The header of a request that a shadow sends: it isn't sent on, so that no loop forms."""
READ_HEADERS = (b"content-type", b"inference-header-content-length")
"""The headers that a protocol reads."""


@dataclass(frozen=True, slots=True)
class SampledRequest:
    """The sampled rows of one answered request, n of them."""

    path: str
    """Of the request, which tells its protocol."""
    headers: Mapping[bytes, bytes]
    body: bytes
    indices: Sequence[int]
    """The indices of the rows in the body."""
    labels: Sequence[Any]
    """Champion's n predictions."""
    probabilities: Sequence[Sequence[float]] | None
    """n by classes."""
    tokens: Sequence[str] | None
    """Champion's n feedback tokens."""

    def frame(self) -> tuple[bytes, bytes]:
        """Its bytes: what precedes the body, and the body."""
        values = (self.path, dict(self.headers), [*self.indices], [*self.labels])
        pickled = pickle.dumps((*values, self.probabilities, self.tokens))
        return HEAD.pack(len(pickled), len(self.body)) + pickled, self.body

    @classmethod
    def read(cls, pickled: bytes, body: bytes) -> SampledRequest:
        """The request of a frame. Only processes of the server's own user can send one."""
        path, headers, indices, labels, probabilities, tokens = pickle.loads(pickled)
        return cls(path, headers, body, indices, labels, probabilities, tokens)
