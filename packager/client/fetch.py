"""HTTP answers of untrusted servers, with bounds on bytes and seconds.

A server may send without end, or one byte a minute; a compressed answer may expand a thousandfold.
So a thread reads the answer and is abandoned at the deadline; compressed answers are refused and
redirects not followed.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import requests

MAX_ANSWER_BYTES = 128 << 20
MAX_METRICS_BYTES = 32 << 20
MAX_SECONDS = 60.0
_PART = 1 << 16
UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""Headers that request an uncompressed answer."""


class UnboundedError(requests.RequestException):
    """An answer that is too large, too slow or encoded; the text says which.

    The text continues a sentence that begins with "expected an answer".
    """


class Bearer(requests.auth.AuthBase):
    """A key in every request; as ``auth``, because a ``.netrc`` would replace a header."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to the request's headers."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def fetch(
    ask: Callable[[], requests.Response], most: int, seconds: float = MAX_SECONDS
) -> requests.Response:
    """The answer to ``ask``, which must use ``stream=True``, with its whole body.

    Raises what ``ask`` raises, and ``UnboundedError`` for a body of more than ``most`` bytes, a
    compressed one, or one that takes longer than ``seconds``.
    """
    done: list[requests.Response | BaseException] = []

    def run() -> None:
        try:
            done.append(_read(ask(), most))
        except BaseException as error:  # raised again below, in the calling thread
            done.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not done:
        raise UnboundedError(f"within {seconds:g} s, got none that ended")
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def check_encoding(encoding: str) -> None:
    """Raise ``UnboundedError`` for a compressed answer."""
    if encoding.strip().lower() not in ("", "identity"):
        raise UnboundedError(f"that is not compressed, got one in {encoding[:20]!r}")


def too_many_bytes(most: int) -> UnboundedError:
    """The error for an answer of more than ``most`` bytes."""
    return UnboundedError(f"of at most {most >> 20} MiB, got a larger one")


def _read(answer: requests.Response, most: int) -> requests.Response:
    """``answer`` with its body; the connection is closed if the body is refused."""
    try:
        check_encoding(answer.headers.get("Content-Encoding", "identity"))
    except UnboundedError:
        answer.close()
        raise
    parts, size = [], 0
    for part in answer.iter_content(_PART):
        size += len(part)
        if size > most:
            answer.close()
            raise too_many_bytes(most)
        parts.append(part)
    return _with_body(answer, b"".join(parts))


def _with_body(answer: requests.Response, body: bytes) -> requests.Response:
    """The same answer with ``body``; its connection can be reused."""
    whole = requests.Response()
    whole.status_code, whole.reason = answer.status_code, answer.reason
    whole.url, whole.headers, whole.encoding = answer.url, answer.headers, answer.encoding
    whole.request, whole.elapsed, whole.cookies = answer.request, answer.elapsed, answer.cookies
    whole.raw = io.BytesIO(body)
    return whole
