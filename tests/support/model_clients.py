"""A client of model processes whose event loop runs in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from serving.prediction.model_client import ModelClient
from serving.prediction.request_limit import RequestLimit

T = TypeVar("T")


class ClientThread:
    """A ``ModelClient`` whose event loop runs in a thread, for code that blocks."""

    def __init__(self, addresses: Sequence[str], limit: int = 64) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.request_limit = RequestLimit(limit)
        self.client = ModelClient(addresses, self.request_limit)
        self._loop.call_soon_threadsafe(self.client.start)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs in the client's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        async def closed() -> None:
            self.client.close()
            await asyncio.gather(*self.client._tasks, return_exceptions=True)

        self.run(closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
