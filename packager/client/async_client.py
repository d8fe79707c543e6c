"""The client of a served package for programs with an event loop.

async with AsyncClient("http://127.0.0.1:3000") as client:
    [answer] = await client.predict([{"carat": 0.3, "color": "E"}])
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from packager.client.address import is_this_machine
from packager.client.answers import FeedbackReceipt, Prediction
from packager.client.client import JSON, MAX_ANSWER_FACTOR
from packager.client.exchanges import (
    BATCH_ROWS,
    READY,
    Exchange,
    HttpAnswer,
    HttpCall,
    Labels,
    Pause,
    ServerExchanges,
)
from packager.client.fetch import UNCOMPRESSED, UnboundedError, check_encoding, too_many_bytes
from packager.errors import PackageError
from packager.manifest.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class AsyncClient:
    """``Client`` with coroutines in place of its methods, for any number of calls at a time."""

    def __init__(self, url: str, key: str | None = None, timeout: float = 30.0) -> None:
        """As of ``Client``; the event loop is that of the first call."""
        self._exchanges = ServerExchanges(url)
        self.url = self._exchanges.url
        self._timeout = timeout
        bearer = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(
            headers={**UNCOMPRESSED, **bearer},
            timeout=timeout,
            follow_redirects=False,
            trust_env=not is_this_machine(self._exchanges.host),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ready(self) -> bool:
        """Whether the server runs and accepts requests."""
        try:
            return (await self._send(HttpCall("GET", READY))).status == 200
        except PackageError:
            return False

    async def schema(self) -> dict[str, Any]:
        """As of ``Client``."""
        return await self._run(self._exchanges.schema())

    async def package(self) -> Manifest:
        """As of ``Client``."""
        return await self._run(self._exchanges.package())

    async def metrics(self) -> str:
        """As of ``Client``."""
        return await self._run(self._exchanges.metrics())

    async def predict(
        self,
        rows: Sequence[Mapping[str, Any]] | pd.DataFrame,
        *,
        batch: int = BATCH_ROWS,
        first: int = 0,
    ) -> list[Prediction]:
        """As of ``Client``."""
        return await self._run(self._exchanges.predict(rows, batch, first))

    async def feedback(self, labels: Labels, *, batch: int = BATCH_ROWS) -> FeedbackReceipt:
        """As of ``Client``."""
        return await self._run(self._exchanges.feedback(labels, batch))

    async def needs_answers(self) -> bool:
        """As of ``Client``."""
        return await self._run(self._exchanges.needs_answers())

    async def _run(self, exchange: Exchange[T]) -> T:
        """Make the calls of an exchange; an error of the transport is raised inside it."""
        try:
            step = next(exchange)
            while True:
                try:
                    answer = await self._step(step)
                except PackageError as error:
                    step = exchange.throw(error)
                else:
                    step = exchange.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _step(self, step: HttpCall | Pause) -> HttpAnswer | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        return await self._send(step)

    async def _send(self, call: HttpCall) -> HttpAnswer:
        seconds = MAX_ANSWER_FACTOR * self._timeout
        try:
            async with asyncio.timeout(seconds):
                return await self._read(call)
        except TimeoutError as error:
            late = f"within {seconds:g} s, got none that ended"
            raise self._exchanges.unbounded(call.path, late) from error
        except UnboundedError as error:
            raise self._exchanges.unbounded(call.path, error) from error
        except httpx.HTTPError as error:
            none = isinstance(error, httpx.ConnectError)
            why = "no connection" if none else str(error) or type(error).__name__
            raise self._exchanges.no_answer(call.path, why) from error

    async def _read(self, call: HttpCall) -> HttpAnswer:
        headers = JSON if call.body is not None else {}
        streaming = self._http.stream(
            call.method, self.url + call.path, content=call.body, headers=headers
        )
        async with streaming as response:
            check_encoding(response.headers.get("Content-Encoding", "identity"))
            content = bytearray()
            async for part in response.aiter_raw():
                content += part
                if len(content) > call.most:
                    raise too_many_bytes(call.most)
        retry = response.headers.get("Retry-After", "")
        return HttpAnswer(response.status_code, bytes(content), retry)
