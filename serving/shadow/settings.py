"""The server's environment variables for a shadow deployment; the shadow is off without a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from packager.errors import UsageError
from serving.environment import between, read, within

URL = "MODEL_SHADOW"
SHARE = "MODEL_SHADOW_SHARE"
TIMEOUT = "MODEL_SHADOW_TIMEOUT_SECONDS"
QUEUE = "MODEL_SHADOW_QUEUE"
TOKEN_FILE = "MODEL_SHADOW_TOKEN_FILE"
ANSWERS = "MODEL_SHADOW_ANSWERS_PER_DAY"
OTHERS = (SHARE, TIMEOUT, QUEUE, TOKEN_FILE, ANSWERS)
PREDICT = "/predict"


@dataclass(frozen=True)
class ShadowSettings:
    """Destination, share and bounds of the shadow's rows."""

    url: str
    """``MODEL_SHADOW``: the address of the challenger's server, with the path of its ``/predict``
    if that isn't at the root; never with a password."""
    share: float
    """``MODEL_SHADOW_SHARE``: the fraction of rows that are sent, above 0."""
    timeout_seconds: float
    """``MODEL_SHADOW_TIMEOUT_SECONDS``: the time for one answer, connecting included."""
    queue: int
    """``MODEL_SHADOW_QUEUE``: rows that may wait; others are dropped."""
    token_file: Path | None
    """``MODEL_SHADOW_TOKEN_FILE``: a key of the challenger's server; None if it needs none."""
    answers_per_day: int
    """``MODEL_SHADOW_ANSWERS_PER_DAY``: answers of one day that are kept for late labels."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self | None:
        """Read the variables; None if there is no shadow. Raises ``UsageError`` naming one."""
        url = environment.get(URL, "")
        share = read(environment, SHARE, "1", _ratio, "a number from 0 to 1")
        if not url:
            for name in OTHERS:
                if environment.get(name):
                    raise UsageError(
                        f"{name}: expected {URL} to be set too, got none",
                        f"set {URL} to the challenger's address, or unset {name}",
                    )
            return None
        settings = cls(
            url=_address(url),
            share=share,
            timeout_seconds=read(
                environment, TIMEOUT, "5", within(0, 300), "seconds above 0, at most 300"
            ),
            queue=read(environment, QUEUE, "1000", between(1, 100_000), "1 to 100000 rows"),
            token_file=_file(environment.get(TOKEN_FILE)),
            answers_per_day=read(
                environment, ANSWERS, "100000", between(0, 10_000_000), "0 to 10000000 answers"
            ),
        )
        return settings if share else None


def read_token(path: Path) -> str:
    """The key in a file of one line; raises ``UsageError``, which doesn't contain it."""
    from monitoring.feedback.keys import small_file

    try:
        token = small_file(path).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(
            f"{TOKEN_FILE}: expected a readable file, got {path}: {reason}",
            "write a key of the challenger's server into it, or unset it",
        ) from error
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"{TOKEN_FILE}: expected one key of printable ASCII characters in {path},"
            " got none or several",
            "write one key of the challenger's server into it, without a comment",
        )
    return token


def _address(text: str) -> str:
    """The URL of the challenger's ``/predict``; raises ``UsageError``."""
    hint = "for example http://challenger:3000; a key belongs into " + TOKEN_FILE
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    printable = text.isascii() and text.isprintable() and " " not in text
    if not valid or "@" in text or not printable:  # without the value: it may hold a password
        raise UsageError(
            f"{URL}: expected http://host:port or https://…, without user and password,"
            " got something else",
            hint,
        )
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise UsageError(f"{URL}: expected no query and no fragment, got some", hint)
    path = parts.path.rstrip("/").removesuffix(PREDICT)
    return parts._replace(path=path + PREDICT).geturl()


def _ratio(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError(number)
    return number


def _file(text: str | None) -> Path | None:
    if not text:
        return None
    path = Path(text).absolute()
    read_token(path)  # a bad file is an error at start
    return path
