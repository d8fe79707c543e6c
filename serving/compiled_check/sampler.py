"""A worker's part of the compiled check: sends a sample of its answers to the checker."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the supervisor doesn't need these, nor what they import
    from monitoring.metrics.recorder import Batch
    from monitoring.metrics.serving import ServingMetrics

COMPILED_CHECK_DIR = "MODEL_COMPILED_CHECK_DIR"
"""Environment variable naming the folder of the sockets; set by ``python -m serving``."""
MAX_BYTES = 1 << 16
MAX_ROWS = 16
"""Rows of one request that may be sampled; the checker couldn't keep up with more."""
MATCH, MISMATCH, DROPPED = b"=", b"!", b"?"
_OUTCOMES = {MATCH: "match", DROPPED: "dropped"}


def address(folder: Path) -> str:
    """The address of the checker's socket."""
    return str(folder / "check.sock")


class CheckSampler:
    """Sends rows without waiting; rows that don't fit the checker's queue are dropped."""

    def __init__(self, folder: Path, ratio: float, features: int, metrics: ServingMetrics) -> None:
        """``ratio`` of all rows, above 0; ``features``: the number of the model's columns."""
        self._address = address(folder)
        self._ratio = ratio
        self._features = features
        self._metrics = metrics
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        own = folder / f"check-{os.getpid()}.sock"
        own.unlink(missing_ok=True)  # left by an earlier process with the same id
        self._socket.bind(str(own))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._take)

    def close(self) -> None:
        """Receive no further verdicts."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def submit(self, batch: Batch) -> None:
        """Send a sample of these rows, if the compiled form answered any of them."""
        if not batch.compiled:
            return
        for row in range(min(len(batch.labels), MAX_ROWS)):
            if random.random() < self._ratio:
                self._send(batch, row)

    def _send(self, batch: Batch, row: int) -> None:
        values = [column[row] for column in batch.columns[: self._features]]
        chances = None if batch.probabilities is None else [*map(float, batch.probabilities[row])]
        try:
            self._socket.sendto(pickle.dumps((values, batch.labels[row], chances)), self._address)
        except OSError:  # the queue is full, the row too large, or there is no checker: dropped
            self._metrics.add_comparison("dropped")

    def _take(self) -> None:
        try:
            result = self._socket.recv(16)
        except BlockingIOError:
            return
        self._metrics.add_comparison(_OUTCOMES.get(result, "mismatch"))
