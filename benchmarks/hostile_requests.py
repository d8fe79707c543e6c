"""Types and helpers for test requests of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}
HEAD_BYTES = 60_000
"""Size of request heads; heads of more than 64 KiB are rejected."""


@dataclass(frozen=True)
class Target:
    """The served package: its name, a valid row, and the kinds of its features."""

    name: str
    row: Mapping[str, Any]
    kinds: Mapping[str, str]

    @property
    def infer(self) -> str:
        return f"/v2/models/{self.name}/infer"


@dataclass(frozen=True)
class Request:
    """One request of a case."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    chunk: int = 0
    """Bytes of each chunk of a body that is sent in chunks; 0 for a body of known length."""


Case = Callable[[Target, int], Request]


def filled(part: bytes, size: int) -> bytes:
    """``part`` repeated up to ``size`` bytes."""
    return part * max(1, size // len(part))


def joined(parts: Iterator[bytes], size: int, each: int) -> bytes:
    """Parts joined by commas, about ``size`` bytes; ``each`` is the length of a part."""
    return b",".join(islice(parts, max(1, size // (each + 1))))
