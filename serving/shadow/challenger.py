"""Posts rows to a challenger's server: the head, the key, and what an answer means."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import orjson

from packager.errors import UsageError
from serving.http.outgoing import BROKEN, OutgoingAddress, OutgoingConnection
from serving.shadow.sampled import MARK
from serving.shadow.settings import ShadowSettings, read_token

MAX_ANSWER_BYTES = 16 << 20
MAX_SHOWN = 200


class ChallengerError(Exception):
    """The challenger gave no answer to these rows; the message says why."""


class RowsRefusedError(ChallengerError):
    """The challenger refuses a row of the request; others may be fine."""


REFUSALS = (400, 413, 422)
"""Status codes that are about the rows."""


@dataclass(frozen=True)
class ChallengerAddress:
    """The address and the key of a challenger."""

    server: OutgoingAddress
    token_file: Path | None
    seconds: float

    @classmethod
    def of(cls, settings: ShadowSettings) -> ChallengerAddress:
        """The address in ``settings``."""
        server = OutgoingAddress.of(settings.url)
        return cls(server, settings.token_file, settings.timeout_seconds)

    def head(self, size: int) -> bytes:
        """The head of a request with a body of ``size`` bytes; raises ``ChallengerError``."""
        headers = {"content-type": "application/json", MARK.decode(): "1"}
        if self.token_file is not None:
            try:
                headers["authorization"] = f"Bearer {read_token(self.token_file)}"
            except UsageError as error:
                raise ChallengerError(error.message) from error
        return self.server.head(size, headers)


class ChallengerConnection:
    """A connection that is kept for the next request; for one request at a time."""

    def __init__(self, address: ChallengerAddress) -> None:
        self._address = address
        self._connection = OutgoingConnection(address.server, MAX_ANSWER_BYTES)

    async def post(self, body: bytes) -> bytes:
        """The body of a 200; raises ``ChallengerError`` for any other end, in bounded time."""
        head = self._address.head(len(body))
        try:
            async with asyncio.timeout(self._address.seconds):
                answer = await self._connection.post(head + body)
        except TimeoutError as error:
            self.close()
            raise ChallengerError(f"no answer within {self._address.seconds:g} s") from error
        except BROKEN as error:
            self.close()
            # The name of the host may be wrong for good; the text of the system says so.
            raise ChallengerError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.close()
            raise
        if answer.status in REFUSALS:
            why = _refusal(answer.body) or "no reason"
            raise RowsRefusedError(f"expected status 200, got {answer.status} ({why})")
        if answer.status != 200:
            raise ChallengerError(f"expected status 200, got {answer.status}")
        return answer.body

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _refusal(body: bytes) -> str:
    """Code and column of an error of our servers; never a value, which the log must not have."""
    try:
        error = orjson.loads(body)["error"]
        named = [error[name] for name in ("code", "column") if isinstance(error.get(name), str)]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    text = ", ".join(named)[:MAX_SHOWN]
    return "".join(one if one.isprintable() else " " for one in text)
