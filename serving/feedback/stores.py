"""The state that workers share besides the package: token key and store of scored tokens.

The supervisor opens both before it starts workers, so that a bad setting is an error at startup;
a worker that restarts while the store is down still serves predictions.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.feedback.keys import KeyFileError, KeyRing
from monitoring.feedback.redis_store import RedisTokenStore
from monitoring.feedback.sqlite_store import SqliteTokenStore
from monitoring.feedback.token_store import TokenStore, TokenStoreError
from monitoring.flagged_rows_log import FlaggedRowsLog
from packager.errors import UsageError
from serving.feedback.settings import FeedbackSettings

if TYPE_CHECKING:  # it imports pandas, which the supervisor doesn't need
    from monitoring.slices.clock import Clock


KEY_DESCRIPTOR = "MODEL_FEEDBACK_KEY_FD"
"""Environment variable with the file descriptor of the key that this server generated."""


def prepare(
    settings: FeedbackSettings,
    model: str,
    home: Path,
    environment: MutableMapping[str, str] = os.environ,
) -> Iterator[str]:
    """Choose the key and the store where the settings leave them open, in ``environment``.

    ``home``: this server's temporary folder, removed when it ends. Yields messages for the log.
    Raises ``UsageError`` naming the variable whose key file or store can't be used.
    """
    _check_log(settings)
    if not settings.on:
        return
    if settings.key_file is None:
        _new_key(environment)
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
                "feedback: the record of counted labels is lost when this server ends; "
                "set MODEL_STATE_DIR (one host) or MODEL_FEEDBACK_STORE (several)"
            )
    try:
        open_token_store(settings, model, make=True).close()
    except TokenStoreError as error:
        name = "MODEL_FEEDBACK_STORE" if settings.store else "MODEL_STATE_DIR"
        raise UsageError(
            f"{name}: expected a writable location, got {error}",
            "set another one, or set MODEL_FEEDBACK=off",
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


def open_token_store(settings: FeedbackSettings, model: str, *, make: bool = False) -> TokenStore:
    """The store of scored tokens, created if ``make``; raises ``TokenStoreError``."""
    if settings.store:
        return RedisTokenStore(settings.store, model, settings.days, make=make)
    assert settings.state_dir is not None
    return SqliteTokenStore(settings.state_dir, make=make)


def flagged_rows_log(
    settings: FeedbackSettings,
    version: str,
    columns: Sequence[str | None],
    clocks: Mapping[str, Clock],
) -> FlaggedRowsLog | None:
    """The flagged-rows log; None if ``MODEL_FLAGGED_LOG`` is not set."""
    if settings.log is None:
        return None
    return FlaggedRowsLog(
        settings.log,
        columns,
        version=version,
        sample_rate=settings.log_sample_rate,
        max_bytes=settings.log_max_bytes,
        clocks=clocks,
    )


def _check_log(settings: FeedbackSettings) -> None:
    log = flagged_rows_log(settings, "", (), {})
    if log is None:
        return
    try:
        log.check()
    except OSError as error:
        raise UsageError(
            f"MODEL_FLAGGED_LOG: expected a file that can be written, got {error}",
            "name one in a folder that exists, or unset it",
        ) from error


def _new_key(environment: MutableMapping[str, str]) -> None:
    """Generate a key in an anonymous memory file that workers inherit: it never reaches a disk."""
    descriptor = os.memfd_create("feedback.key")
    secret = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    os.write(descriptor, f"1:{secret}\n".encode("ascii"))
    environment[KEY_DESCRIPTOR] = str(descriptor)
    environment["MODEL_FEEDBACK_KEY_FILE"] = f"/proc/self/fd/{descriptor}"
