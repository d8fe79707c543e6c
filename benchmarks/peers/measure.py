"""One round of one server: starts it, compares its predictions with the model's, drives it."""

from __future__ import annotations

import http.client
import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from load import Cell, drive
from models import Model
from running import BrokenError, free_ports, memory, predict, request, running
from server import Run, Server

TOLERANCE = 1e-7
"""Of a probability: sums of float32 in another order differ in the eighth digit."""
# The server's workers write their counters four times a second.
COUNTED_SECONDS = 0.6
COUNTED = re.compile(rb'slice_predictions_total\{[^}]*slice="__all__"[^}]*\} (\S+)')


@dataclass(frozen=True)
class Options:
    """The same options for all servers: (rows per request, clients) of each load, and so on."""

    loads: Sequence[tuple[int, int]]
    seconds: int
    workers: int
    pinned: bool


@dataclass(frozen=True)
class Measured:
    """Results of one round of one server with one model."""

    start_seconds: float
    """Seconds from the start of the process to the first correct prediction."""
    difference: float
    """Largest difference between its probabilities and the model's."""
    rss_mb: float
    """Resident memory after the load, summed over processes; shared pages count repeatedly."""
    pss_mb: float
    """Proportional set size, which counts shared pages once."""
    cells: dict[tuple[int, int], Cell]

    def as_json(self) -> dict[str, Any]:
        cells = [
            {"rows": rows, "clients": clients, **asdict(cell)}
            for (rows, clients), cell in self.cells.items()
        ]
        facts = ("start_seconds", "difference", "rss_mb", "pss_mb")
        return {**{name: getattr(self, name) for name in facts}, "cells": cells}


def measured(server: Server, model: Model, options: Options) -> Measured:
    """Start ``server``, check its predictions, measure all loads, stop it.

    Raises ``BrokenError`` if it does not start or if its predictions differ from the model's.
    """
    with tempfile.TemporaryDirectory(prefix="peer-") as name:
        run = Run(Path(name), model, free_ports(), options.workers, options.pinned)
        with running(server, run) as (pid, start_seconds):
            difference = compared(server, run.port, model)
            _check_monitored(server, run.port)
            cells = {load: drive(server, run, pid, load, options.seconds) for load in options.loads}
            rss, pss = memory(pid)
            return Measured(start_seconds, difference, rss, pss, cells)


def compared(server: Server, port: int, model: Model) -> float:
    """Send every request once; return the largest difference from the model's predictions.

    Raises ``BrokenError`` without an answer, and for an error, another label, or a larger
    difference than 1e-7.
    """
    largest, classes = 0.0, model.classes
    for rows in (rows for requests in model.requests.values() for rows in requests):
        try:
            content = predict(server, port, rows)
        except (OSError, http.client.HTTPException) as error:
            raise BrokenError(f"it does not answer a good request: {error}") from error
        if content is None:
            raise BrokenError("it answers a good request with an error")
        if server.answer is None:
            continue
        expected = model.answers(rows)
        labels, chances = server.answer(json.loads(content), classes)
        if labels and labels != [classes[place] for place in expected.argmax(axis=1)]:
            raise BrokenError("its labels are not the model's")
        largest = max(largest, float(np.abs(np.array(chances) - expected).max()))
    if largest > TOLERANCE:
        raise BrokenError(f"its probabilities differ from the model's by {largest:.2g}")
    return largest


def _check_monitored(server: Server, port: int) -> None:
    """Raise ``BrokenError`` if it counts predictions, or does not, other than it should."""
    if server.monitored is None:
        return
    time.sleep(COUNTED_SECONDS)
    found = COUNTED.search(request(port, "GET", "/metrics")[1])
    counted = found is not None and float(found[1]) > 0
    if counted != server.monitored:
        raise BrokenError(f"expected monitoring {server.monitored}, got {counted}")
