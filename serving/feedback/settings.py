"""The server's environment variables for late labels and the flagged-rows log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from packager.errors import UsageError
from serving.environment import between, read, switch, within


@dataclass(frozen=True)
class FeedbackSettings:
    """Settings of tokens, of the store of scored tokens, and of the flagged-rows log."""

    on: bool
    """``MODEL_FEEDBACK``: ``off`` disables tokens and ``/feedback``."""
    state_dir: Path | None
    """``MODEL_STATE_DIR``: the folder of the file of scored tokens; None until the
    server has made a temporary one."""
    store: str
    """``MODEL_FEEDBACK_STORE``: the URL of a Redis shared by several hosts, ``redis://…``; empty
    for a file in ``state_dir``."""
    key_file: Path | None
    """``MODEL_FEEDBACK_KEY_FILE``: the keys that sign tokens; None until the server has made
    a temporary one."""
    days: float
    """``MODEL_FEEDBACK_DAYS``: days that a token is valid."""
    answers_per_day: int
    """``MODEL_FEEDBACK_ANSWERS_PER_DAY``: answers of ``[outputs]`` of one day that are kept, so
    that labels may come without them."""
    log: Path | None
    """``MODEL_FLAGGED_LOG``: the file of flagged rows; None for no log."""
    log_sample_rate: float
    """``MODEL_FLAGGED_SAMPLE_RATE``: the fraction of flagged rows written, above 0, at most 1."""
    log_max_bytes: int
    """``MODEL_FLAGGED_LOG_MAX_BYTES``: the size at which the file is rotated to ``.old``."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables; raise ``UsageError`` naming an invalid one."""
        return cls(
            on=read(environment, "MODEL_FEEDBACK", "on", switch, "on or off"),
            state_dir=_path(environment, "MODEL_STATE_DIR"),
            store=_store(environment.get("MODEL_FEEDBACK_STORE", "")),
            key_file=_path(environment, "MODEL_FEEDBACK_KEY_FILE"),
            days=read(
                environment, "MODEL_FEEDBACK_DAYS", "30", within(0, 3_650), "a number of days"
            ),
            answers_per_day=read(
                environment,
                "MODEL_FEEDBACK_ANSWERS_PER_DAY",
                "0",
                between(0, 10_000_000),
                "0 to 10000000 answers",
            ),
            log=_path(environment, "MODEL_FLAGGED_LOG"),
            log_sample_rate=read(
                environment, "MODEL_FLAGGED_SAMPLE_RATE", "1", within(0, 1), "above 0, at most 1"
            ),
            log_max_bytes=read(
                environment,
                "MODEL_FLAGGED_LOG_MAX_BYTES",
                str(16 << 20),
                between(1 << 12, 1 << 40),
                "a number of bytes, at least 4096",
            ),
        )


def _store(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise UsageError(  # without the value: it may hold a password
            "MODEL_FEEDBACK_STORE: expected redis://host:port/number, rediss://… (TLS) or"
            " unix:///path, got something else",
            "unset it for a file in MODEL_STATE_DIR",
        )
    return text


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    return Path(text).absolute() if text else None
