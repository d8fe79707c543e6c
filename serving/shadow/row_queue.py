"""The rows that wait to be sent to a challenger: a queue with bounds on rows and bytes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_QUEUE_BYTES = 64 << 20
MAX_BATCH_ROWS = 256
"""Rows of one request to the challenger."""
MAX_BATCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SampledRow:
    """One row that champion has answered."""

    row: dict[str, Any]
    size: int
    """Its bytes in the request, about."""
    label: Any
    probabilities: Sequence[float] | None
    token: str | None


class RowQueue:
    """Rows in order; ``take`` waits for some."""

    def __init__(self, rows: int) -> None:
        """``rows``: the most that may wait."""
        self._most = rows
        self._rows: deque[SampledRow] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def add(self, rows: Sequence[SampledRow]) -> int:
        """Add rows as far as there is room; return how many are dropped."""
        dropped = 0
        for row in rows:
            if len(self._rows) >= self._most or self._bytes + row.size > MAX_QUEUE_BYTES:
                dropped += 1
                continue
            self._rows.append(row)
            self._bytes += row.size
        if self._rows:
            self._filled.set()
        return dropped

    async def take(self) -> list[SampledRow]:
        """At least one row, and what fits into one request."""
        while not self._rows:
            self._filled.clear()
            await self._filled.wait()
        taken: list[SampledRow] = []
        size = 0
        while self._rows and len(taken) < MAX_BATCH_ROWS:
            if taken and size + self._rows[0].size > MAX_BATCH_BYTES:
                break
            row = self._rows.popleft()
            taken.append(row)
            size += row.size
        self._bytes -= size
        return taken
