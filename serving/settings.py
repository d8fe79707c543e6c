"""The server's environment, read once and checked: a bad value names its variable."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from packager.errors import UsageError
from packager.worker.paths import Root
from serving import environment as variables
from serving.access import VARIABLE
from serving.environment import between, within
from serving.feedback_settings import FeedbackSettings
from serving.logs import AccessLog

MAX_WORKERS = 256

T = TypeVar("T")
C = TypeVar("C", bound=str)


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
    """``MODEL_QUEUE``: requests a worker lets wait; beyond that it is overloaded (503)."""
    batch_rows: int
    """``MODEL_BATCH_ROWS``: most rows of waiting requests predicted together; 1 for no batches."""
    deadline_seconds: float
    """``MODEL_DEADLINE_SECONDS``: a request that takes longer is given up (504)."""
    hang_seconds: float
    """``MODEL_HANG_SECONDS``: a worker that stands still for so long is ended and started again."""
    keys_file: Path | None
    """``MODEL_API_KEYS_FILE``: who may ask; None for everybody."""
    metrics_closed: bool
    """``MODEL_METRICS_ACCESS=keys``: metrics need a key too."""
    access_log: AccessLog
    """``MODEL_ACCESS_LOG``: requests that get a line in the log."""
    compiled_check: float
    """``MODEL_COMPILED_CHECK``: share of compiled rows that the model itself predicts again."""
    feedback: FeedbackSettings
    """Labels that come late, and suspicious rows."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables; raise ``UsageError`` naming the one that can't be used."""

        def read(name: str, default: str, parse: Callable[[str], T], expected: str) -> T:
            return variables.read(environment, name, default, parse, expected)

        workers = environment.get("MODEL_WORKERS")
        keys = environment.get(VARIABLE)
        closed = read("MODEL_METRICS_ACCESS", "open", _one_of("open", "keys"), "open or keys")
        if closed == "keys" and not keys:
            raise UsageError(
                f"MODEL_METRICS_ACCESS: expected {VARIABLE} beside it, got none",
                "name a file of keys, or leave the metrics open",
            )
        return cls(
            root=Root.from_environment(),
            host=read("MODEL_HOST", "0.0.0.0", _address, "an IP address"),
            port=read("MODEL_PORT", "3000", between(1, 65_535), "a port from 1 to 65535"),
            workers=read("MODEL_WORKERS", "", between(1, MAX_WORKERS), f"1 to {MAX_WORKERS}")
            if workers
            else None,
            max_body_bytes=read(
                "MODEL_MAX_BODY_BYTES", str(16 << 20), between(1, 1 << 40), "a number of bytes"
            ),
            queue=read("MODEL_QUEUE", "64", between(1, 1 << 20), "a number of requests"),
            batch_rows=read("MODEL_BATCH_ROWS", "1000", between(1, 1 << 20), "a number of rows"),
            deadline_seconds=read(
                "MODEL_DEADLINE_SECONDS", "30", within(0, 86_400), "positive seconds"
            ),
            hang_seconds=read("MODEL_HANG_SECONDS", "60", _at_least_one, "seconds, at least 1"),
            keys_file=Path(keys) if keys else None,
            metrics_closed=closed == "keys",
            access_log=read(
                "MODEL_ACCESS_LOG",
                "errors",
                _one_of("off", "errors", "all"),
                "off, errors or all",
            ),
            compiled_check=read("MODEL_COMPILED_CHECK", "0", _share, "a share from 0 to 1"),
            feedback=FeedbackSettings.from_environment(environment),
        )


def _one_of(*choices: C) -> Callable[[str], C]:
    def parse(text: str) -> C:
        for choice in choices:
            if text == choice:
                return choice
        raise ValueError(text)

    return parse


def _at_least_one(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 86_400:
        raise ValueError(number)
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError(number)
    return number


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))
