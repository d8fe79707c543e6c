"""A worker's part of a shadow: hands a sample of answered rows to the shadow process.

Nothing here waits: what doesn't fit the connection's buffer is dropped and counted.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from monitoring.metrics.recorder import Batch
from monitoring.metrics.shadow import ShadowRowMetrics
from serving.shadow.sampled import MARK, READ_HEADERS, SampledRequest

MAX_BUFFER_BYTES = 8 << 20
"""Bytes that wait for the shadow process; one request may exceed them."""
CONNECT_SECONDS = 1.0
"""Seconds between attempts to connect."""


class ShadowSender:
    """Sends rows of answered requests; not thread-safe: call it from the worker's event loop."""

    def __init__(self, address: str, share: float, metrics: ShadowRowMetrics) -> None:
        """Connect to the shadow process at ``address``; ``share`` of all rows are sent."""
        self._address = address
        self._share = share
        self._metrics = metrics
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def submit(self, path: str, headers: Mapping[bytes, bytes], body: bytes, batch: Batch) -> None:
        """Sample the rows of a request, and send them once its answer is on its way."""
        if MARK in headers:
            return
        rows = len(batch.labels)
        if rows == 1:
            indices = [0] if random.random() < self._share else []
        else:
            indices = np.flatnonzero(np.random.random(rows) < self._share).tolist()
        if indices:
            read_headers = {name: headers[name] for name in READ_HEADERS if name in headers}
            request = _sampled(path, read_headers, body, batch, indices)
            asyncio.get_running_loop().call_soon(self._send, request)

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.close()

    def lost(self) -> None:
        """The connection has ended: make another."""
        self._transport = None
        if not self._closed:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def _send(self, request: SampledRequest) -> None:
        transport = self._transport
        waiting = 0 if transport is None else transport.get_write_buffer_size()
        fits = waiting == 0 or waiting + len(request.body) <= MAX_BUFFER_BYTES
        if transport is None or transport.is_closing() or not fits:
            self._metrics.add({"dropped": len(request.indices)})
            return
        transport.writelines(request.frame())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closed:
            try:
                transport, _ = await loop.create_unix_connection(
                    lambda: _Connection(self.lost), self._address
                )
            except OSError:  # the process is starting, or ended
                await asyncio.sleep(CONNECT_SECONDS)
            else:
                self._transport = transport
                return


class _Connection(asyncio.Protocol):
    """Reports the end of the connection; nothing is received."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost()


def _sampled(
    path: str, headers: Mapping[bytes, bytes], body: bytes, batch: Batch, indices: list[int]
) -> SampledRequest:
    def some(values: Any) -> list[Any]:
        sampled = [values[index] for index in indices]
        return [
            one.tolist() if isinstance(one, np.generic | np.ndarray) else one for one in sampled
        ]

    return SampledRequest(
        path,
        headers,
        body,
        indices,
        some(batch.labels),
        None if batch.probabilities is None else some(batch.probabilities),
        None if batch.tokens is None else some(batch.tokens),
    )
