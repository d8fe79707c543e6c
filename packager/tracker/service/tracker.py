"""The store as requests use it: one thread writes, other threads read, and a clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from packager.tracker.store.reader import StoreReader
from packager.tracker.store.store import Store
from packager.tracker.store.writer import Writer

Asked = ParamSpec("Asked")
Result = TypeVar("Result")
MAX_READERS = 8


class Tracker:
    """Runs functions on the store outside the event loop.

    A function that writes is one transaction: when ``write`` returns, its changes are kept.
    """

    def __init__(
        self, store: Store, clock: Callable[[], float] = time.time, time_scale: int = 1
    ) -> None:
        """``time_scale``: see ``ServiceSettings``."""
        self.store = store
        self.clock = clock
        self._time_scale = time_scale
        self._writer = ThreadPoolExecutor(1, "writer")
        self._readers = ThreadPoolExecutor(MAX_READERS, "reader")

    async def read(
        self,
        function: Callable[Concatenate[StoreReader, Asked], Result],
        *args: Asked.args,
        **options: Asked.kwargs,
    ) -> Result:
        """``function(reader, …)`` on a consistent view."""

        def run() -> Result:
            with self.store.read() as reader:
                return function(reader, *args, **options)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(
        self,
        function: Callable[Concatenate[Writer, Asked], Result],
        *args: Asked.args,
        **options: Asked.kwargs,
    ) -> Result:
        """``function(writer, …)`` in a transaction."""

        def run() -> Result:
            with self.store.write() as writer:
                writer.time_scale = self._time_scale
                return function(writer, *args, **options)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    def close(self) -> None:
        """End the threads, and close the store."""
        self._writer.shutdown()
        self._readers.shutdown()
        self.store.close()
