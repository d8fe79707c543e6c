"""HTTP answers of servers that nobody vouches for: bounded in bytes and in seconds.

A server may send without end, or one byte a minute; a compressed answer may grow a thousandfold.
So an answer is read in a thread that is given up at the deadline, it is taken uncompressed only,
and no redirect is followed.
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
"""Headers that ask for an answer that is not compressed."""


class UnboundedError(requests.RequestException):
    """An answer that is larger, slower or of another encoding than is taken; the text says which.

    It follows "expected an answer" in a sentence.
    """


class Bearer(requests.auth.AuthBase):
    """A key in every request; as ``auth`` and not a header, which a ``.netrc`` would replace."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to the request's headers."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def fetched(
    ask: Callable[[], requests.Response], most: int, seconds: float = MAX_SECONDS
) -> requests.Response:
    """The answer to ``ask``, which has to ask with ``stream=True``, with its whole body.

    Raises what ``ask`` raises, and ``UnboundedError`` for a body of more than ``most`` bytes, a
    compressed one, and where all of it takes longer than ``seconds``.
    """
    done: list[requests.Response | BaseException] = []

    def run() -> None:
        try:
            done.append(_read(ask(), most))
        except BaseException as error:  # handed on below, to whom it concerns
            done.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not done:
        raise UnboundedError(f"within {seconds:g} s, got none that ended")
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def _read(answer: requests.Response, most: int) -> requests.Response:
    """``answer`` with its body; its connection is closed where that isn't taken."""
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        answer.close()
        raise UnboundedError(f"that is not compressed, got one in {encoding[:20]!r}")
    parts, size = [], 0
    for part in answer.iter_content(_PART):
        size += len(part)
        if size > most:
            answer.close()
            raise UnboundedError(f"of at most {most >> 20} MiB, got a larger one")
        parts.append(part)
    return _with_body(answer, b"".join(parts))


def _with_body(answer: requests.Response, body: bytes) -> requests.Response:
    """The same answer, whose body is ``body``; its connection can be used again."""
    whole = requests.Response()
    whole.status_code, whole.reason = answer.status_code, answer.reason
    whole.url, whole.headers, whole.encoding = answer.url, answer.headers, answer.encoding
    whole.request, whole.elapsed, whole.cookies = answer.request, answer.elapsed, answer.cookies
    whole.raw = io.BytesIO(body)
    return whole
