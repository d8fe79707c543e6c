"""The server's environment, read once and checked: a bad value names its variable."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from packager.errors import UsageError
from packager.worker.paths import Root

MAX_WORKERS = 256

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """How this server listens, and what it refuses."""

    root: Root
    """``MODEL_ROOT``: where code, models and package lie."""
    host: str
    """``MODEL_HOST``: the address listened on."""
    port: int
    """``MODEL_PORT``."""
    workers: int | None
    """``MODEL_WORKERS``: processes, in place of the package's own number."""
    max_body_bytes: int
    """``MODEL_MAX_BODY_BYTES``: a larger request is refused (413)."""
    queue: int
    """``MODEL_QUEUE``: requests a worker takes in; beyond that it is overloaded (503)."""
    deadline_seconds: float
    """``MODEL_DEADLINE_SECONDS``: a request that takes longer is given up (504)."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables; raise ``UsageError`` naming the one that can't be used."""

        def read(name: str, default: str, parse: Callable[[str], T], expected: str) -> T:
            text = environment.get(name) or default
            try:
                return parse(text)
            except ValueError as error:
                raise UsageError(
                    f"{name}: expected {expected}, got {text!r}", f"unset it for {default!r}"
                ) from error

        workers = environment.get("MODEL_WORKERS")
        return cls(
            root=Root.from_environment(),
            host=read("MODEL_HOST", "0.0.0.0", _address, "an IP address"),
            port=read("MODEL_PORT", "3000", _between(1, 65_535), "a port from 1 to 65535"),
            workers=read("MODEL_WORKERS", "", _between(1, MAX_WORKERS), f"1 to {MAX_WORKERS}")
            if workers
            else None,
            max_body_bytes=read(
                "MODEL_MAX_BODY_BYTES", str(16 << 20), _between(1, 1 << 40), "a number of bytes"
            ),
            queue=read("MODEL_QUEUE", "64", _between(1, 1 << 20), "a number of requests"),
            deadline_seconds=read("MODEL_DEADLINE_SECONDS", "30", _seconds, "positive seconds"),
        )


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(number)
        return number

    return parse


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 86_400:
        raise ValueError(seconds)
    return seconds


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))
