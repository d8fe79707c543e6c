"""The server's environment variables for pushing metrics; nothing is pushed without a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from packager.errors import UsageError
from serving.environment import read, within

URL = "MODEL_METRICS_PUSH"
SECONDS = "MODEL_METRICS_PUSH_SECONDS"
HEADERS_FILE = "MODEL_METRICS_PUSH_HEADERS_FILE"
OTHERS = (SECONDS, HEADERS_FILE)
MAX_SECONDS = 300
"""Prometheus forgets a series for the moment after five minutes without a sample."""
OWN_HEADERS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "te"}
    | {"transfer-encoding", "expect", "upgrade"}
)
"""Headers that the push itself sends, or that would change what is sent."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class PushSettings:
    """Destination, interval and headers of pushed metrics."""

    url: str
    """``MODEL_METRICS_PUSH``: the whole address of an OTLP receiver for metrics, over HTTP."""
    seconds: float
    """``MODEL_METRICS_PUSH_SECONDS``: from one push to the next."""
    headers_file: Path | None
    """``MODEL_METRICS_PUSH_HEADERS_FILE``: lines ``Name: value``; None for no further headers."""

    @property
    def shown(self) -> str:
        """The address without its query, which may hold a key."""
        return self.url.partition("?")[0]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self | None:
        """Read the variables; None if nothing is pushed. Raises ``UsageError`` naming one."""
        url = environment.get(URL, "")
        if not url:
            for name in OTHERS:
                if environment.get(name):
                    raise UsageError(
                        f"{name}: expected {URL} to be set too, got none",
                        f"set {URL} to the receiver's address, or unset {name}",
                    )
            return None
        _check(url)
        file = environment.get(HEADERS_FILE)
        path = Path(file).absolute() if file else None
        if path is not None:
            read_headers(path)  # a bad file is an error at start
        expected = f"seconds, 1 to {MAX_SECONDS}"
        return cls(url, read(environment, SECONDS, "30", _seconds, expected), path)


def read_headers(path: Path) -> dict[str, str]:
    """The headers in a file, by lower-case name; raises ``UsageError``, which shows no value.

    Empty lines, and lines that begin with ``#``, are ignored.
    """
    from monitoring.feedback.keys import small_file

    hint = "write lines such as `Authorization: Bearer …` into it, or unset it"
    try:
        lines = small_file(path).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(
            f"{HEADERS_FILE}: expected a readable file, got {path}: {reason}", hint
        ) from error
    headers: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        where = f"{HEADERS_FILE}: {path}, line {number}"
        if not (colon and _NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise UsageError(f"{where}: expected `Name: value` in printable ASCII", hint)
        if name in OWN_HEADERS:
            raise UsageError(f"{where}: the server itself writes the header {name}", "remove it")
        if name in headers:
            raise UsageError(f"{where}: expected each header once, got {name} again", "remove one")
        headers[name] = value
    if not headers:
        raise UsageError(f"{HEADERS_FILE}: expected a header in {path}, got none", hint)
    return headers


def _seconds(text: str) -> float:
    number = within(0, MAX_SECONDS)(text)
    if number < 1:
        raise ValueError(text)
    return number


def _check(url: str) -> None:
    """Raise ``UsageError`` without the value, which may hold a password."""
    hint = (
        f"for example http://127.0.0.1:4318/v1/metrics; a token belongs into a file: {HEADERS_FILE}"
    )
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    printable = url.isascii() and url.isprintable() and " " not in url
    if not valid or "@" in parts.netloc or not printable:
        raise UsageError(
            f"{URL}: expected the http:// or https:// address of an OTLP receiver, without user"
            " and password, got something else",
            hint,
        )
    if "#" in url:
        raise UsageError(f"{URL}: expected no fragment, got one", hint)
    if parts.path in ("", "/"):
        raise UsageError(
            f"{URL}: expected the whole address with its path, got none",
            "append /v1/metrics, the path of OpenTelemetry's collector; Prometheus has"
            " /api/v1/otlp/v1/metrics",
        )
