"""What workers share beside the package: the key of tokens and the set of scored ones.

The supervising process settles both before there are workers: what can't be used is an error
then, and a worker that restarts while a store is down serves on without it.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.keys import KeyFileError, KeyRing
from monitoring.seen import RedisSeen, Seen, SqliteSeen, StoreError
from monitoring.suspicious import SuspiciousLog
from packager.errors import UsageError
from serving.feedback_settings import FeedbackSettings

if TYPE_CHECKING:  # it brings pandas, and the supervising process needs none
    from monitoring.times import Clock


def prepare(
    settings: FeedbackSettings,
    model: str,
    home: Path,
    environment: MutableMapping[str, str] = os.environ,
) -> Iterator[str]:
    """Choose what the settings leave open, for the workers started from ``environment``.

    ``home``: this server's own folder, gone when it ends. Yields what a person should know.
    Raises ``UsageError`` naming the variable whose key file or store can't be used.
    """
    _check_log(settings)
    if not settings.on:
        return
    if settings.key_file is None:
        environment["MODEL_FEEDBACK_KEY_FILE"] = str(_new_key(home))
        yield (
            "feedback: tokens last until this server ends; "
            "set MODEL_FEEDBACK_KEY_FILE for tokens that outlive it"
        )
    else:
        open_keys(settings.key_file, model)
    if settings.state_dir is None and not settings.store:
        settings = replace(settings, state_dir=home / "state")
        environment["MODEL_STATE_DIR"] = str(settings.state_dir)
        if settings.key_file is not None:
            yield (
                "feedback: which labels were counted is forgotten when this server ends; "
                "set MODEL_STATE_DIR (one host) or MODEL_FEEDBACK_STORE (several)"
            )
    try:
        open_seen(settings, model).close()
    except StoreError as error:
        name = "MODEL_FEEDBACK_STORE" if settings.store else "MODEL_STATE_DIR"
        raise UsageError(
            f"{name}: expected a place that can be written, got {error}",
            "name another one, or set MODEL_FEEDBACK=off",
        ) from error


def open_keys(path: Path, model: str) -> KeyRing:
    """The keys in ``path``; raises ``UsageError``."""
    try:
        return KeyRing(path, model)
    except KeyFileError as error:
        raise UsageError(
            f"MODEL_FEEDBACK_KEY_FILE: {error}",
            "a line is id:secret, the secret in base64: `openssl rand -base64 32`",
        ) from error


def open_seen(settings: FeedbackSettings, model: str) -> Seen:
    """The set of scored tokens of settled settings; raises ``StoreError``."""
    if settings.store:
        return RedisSeen(settings.store, model, settings.days)
    assert settings.state_dir is not None
    return SqliteSeen(settings.state_dir)


def suspicious_log(
    settings: FeedbackSettings, version: str, columns: Sequence[str], clocks: Mapping[str, Clock]
) -> SuspiciousLog | None:
    """The log of suspicious rows; None where nobody asked for it."""
    if settings.log is None:
        return None
    return SuspiciousLog(
        settings.log,
        columns,
        version=version,
        share=settings.log_share,
        max_bytes=settings.log_bytes,
        clocks=clocks,
    )


def _check_log(settings: FeedbackSettings) -> None:
    log = suspicious_log(settings, "", (), {})
    if log is None:
        return
    try:
        log.check()
    except OSError as error:
        raise UsageError(
            f"MODEL_SUSPICIOUS_LOG: expected a file that can be written, got {error}",
            "name one in a folder that exists, or unset it",
        ) from error


def _new_key(home: Path) -> Path:
    path = home / "feedback.key"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"1:{base64.b64encode(secrets.token_bytes(32)).decode('ascii')}\n")
    return path
