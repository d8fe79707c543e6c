"""Requests of any size: what a case is, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}
HEAD_BYTES = 60_000
"""Heads of more than 64 KiB are refused."""


@dataclass(frozen=True)
class Target:
    """The package that is asked: its name, a row that it answers, and its features' kinds."""

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
    """``part`` again and again."""
    return part * max(1, size // len(part))


def joined(parts: Iterator[bytes], size: int, each: int) -> bytes:
    """Parts with commas between; ``each`` is about their length."""
    return b",".join(islice(parts, max(1, size // (each + 1))))
