"""One push: a request to the receiver, and what its answer means."""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import time
from dataclasses import dataclass

from monitoring.metrics.pushes import PushOutcome
from packager.errors import UsageError
from serving.http.outgoing import BROKEN, OutgoingAddress, OutgoingAnswer, OutgoingConnection
from serving.push.settings import PushSettings, read_headers

MAX_ANSWER_BYTES = 1 << 16
AGAIN = frozenset({429, 502, 503, 504})
"""Status codes after which a client tries again (the specification of OTLP)."""
MAX_SHOWN = 200
_REJECTED = 1
"""Field of ``ExportMetricsPartialSuccess`` with the number of points that were refused."""


@dataclass(frozen=True)
class MetricsPushResult:
    """Result of a push."""

    outcome: PushOutcome
    reason: str = ""
    """Why the receiver did not take all of it; without values of headers."""
    retry_after: float | None = None
    """Seconds that the receiver asked to wait."""


class MetricsReceiver:
    """Sends one request at a time, over a connection that is kept."""

    def __init__(self, settings: PushSettings) -> None:
        self._settings = settings
        self._address = OutgoingAddress.of(settings.url)
        self._connection = OutgoingConnection(self._address, MAX_ANSWER_BYTES)

    async def push(self, request: bytes, seconds: float) -> MetricsPushResult:
        """Send an encoded request; it ends within ``seconds``, whatever the receiver does."""
        try:
            headers = self._headers()
        except UsageError as error:
            return MetricsPushResult("failed", error.message)
        body = gzip.compress(request, 6, mtime=0)
        try:
            async with asyncio.timeout(seconds):
                answer = await self._connection.post(self._address.head(len(body), headers) + body)
        except TimeoutError:
            self.close()
            return MetricsPushResult("failed", f"no answer within {seconds:g} s")
        except BROKEN as error:
            self.close()
            return MetricsPushResult("failed", f"{type(error).__name__}: {error}"[:MAX_SHOWN])
        except BaseException:
            self.close()
            raise
        return result_of(answer)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _headers(self) -> dict[str, str]:
        """The headers in the file, read each time: tokens are replaced while a server runs."""
        file = self._settings.headers_file
        return {
            **({} if file is None else read_headers(file)),
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            "user-agent": "model-packager",
        }


def result_of(answer: OutgoingAnswer) -> MetricsPushResult:
    """The result that an answer means."""
    if 200 <= answer.status < 300:
        rejected = _rejected_points(answer.body)
        if rejected:
            return MetricsPushResult("partial", f"the receiver refused {rejected} samples")
        return MetricsPushResult("sent")
    reason = f"expected status 200, got {answer.status}{_text(answer.body)}"
    if answer.status in AGAIN:
        return MetricsPushResult(
            "failed", reason, retry_seconds(answer.headers.get("retry-after", ""))
        )
    return MetricsPushResult("refused", reason)


def retry_seconds(text: str, now: float | None = None) -> float | None:
    """Seconds to wait by a header ``Retry-After``: a number or a date; None for neither."""
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, at - (time.time() if now is None else now))


def _rejected_points(body: bytes) -> int:
    """``partial_success.rejected_data_points`` of the answer's message; 0 for another form."""
    partial = _field(body, 1)
    if not isinstance(partial, bytes):
        return 0
    rejected = _field(partial, _REJECTED)
    return rejected if isinstance(rejected, int) else 0


def _field(content: bytes, number: int) -> int | bytes | None:
    """The first field with the number ``number``, a varint or bytes; None if there is none."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == 0:
            value, at = _varint(content, at)
            if key >> 3 == number:
                return value
        elif key & 7 == 2:
            size, at = _varint(content, at)
            if key >> 3 == number:
                return content[at : at + size]
            at += size
        else:
            return None
    return None


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends; of content that ends early, what there is."""
    number = shift = 0
    while at < len(content) and shift < 64:
        number |= (content[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not content[at - 1] & 0x80:
            break
    return number, at


def _text(body: bytes) -> str:
    """The start of an answer that is text, for the log."""
    shown = body[:MAX_SHOWN].decode("utf-8", "replace").strip()
    if not shown:
        return ""
    return ": " + "".join(one if one.isprintable() else " " for one in shown)
