"""Clients at a fixed rate, whether or not the servers keep up; every request is logged."""

from __future__ import annotations

import http.client
import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from drill_parts.rows import LABEL, Row, question

CLIENTS = 24
TIMEOUT_SECONDS = 60
LABELLED = 0.5
"""Share of the requests whose labels come, and how much later."""
LABEL_DELAY_SECONDS = 2.0
OK = 200


@dataclass(frozen=True)
class Sent:
    """One request and its answer."""

    number: int
    at: float
    """When it was due, in seconds of ``time.monotonic``."""
    seconds: float
    """From then to the whole answer."""
    status: int
    """0 without a whole answer."""
    version: str
    rows: int
    error: str = ""


@dataclass
class Load:
    """``rate`` requests of ``batch`` rows a second to 127.0.0.1:``port``, within the block.

    ``change`` and ``relabel`` are what clients do to a row and its label; a drill sets them.
    """

    port: int
    rows: Sequence[Row]
    rate: float
    batch: int = 10
    change: Callable[[Row], Row] | None = None
    relabel: Callable[[Row], Row] | None = None
    sent: list[Sent] = field(default_factory=list)
    labels: dict[int, int] = field(default_factory=dict)
    """Status → number of labels."""

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._local = threading.local()
        self._late: queue.SimpleQueue[tuple[float, list[dict[str, Any]]] | None] = (
            queue.SimpleQueue()
        )
        self._clock = threading.Thread(target=self._schedule)
        self._labeller = threading.Thread(target=self._label)
        self._clock.start()
        self._labeller.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._clock.join()
        self._late.put(None)
        self._labeller.join()

    def lost(self, since: int = 0) -> list[Sent]:
        """The requests from number ``since`` on that weren't answered with 200."""
        return [one for one in list(self.sent) if one.number >= since and one.status != OK]

    @property
    def count(self) -> int:
        """Number of answered requests."""
        return len(self.sent)

    def _schedule(self) -> None:
        rows, start = itertools.cycle(self.rows), time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            for number in itertools.count():
                due = start + number / self.rate
                if self._stop.wait(max(0.0, due - time.monotonic())):
                    return
                pool.submit(self._one, number, due, list(itertools.islice(rows, self.batch)))

    def _one(self, number: int, due: float, rows: list[Row]) -> None:
        change, relabel = self.change or _same, self.relabel or _same
        status, answer, error = self._post(
            "/predict", {"rows": [question(change(row)) for row in rows]}
        )
        version = str(answer.get("version", ""))
        self.sent.append(
            Sent(number, due, time.monotonic() - due, status, version, len(rows), error)
        )
        if status == OK and number % round(1 / LABELLED) == 0:
            pairs = zip(answer["predictions"], rows, strict=True)
            labels = [{"token": one["token"], "actual": relabel(row)[LABEL]} for one, row in pairs]
            self._late.put((time.monotonic() + LABEL_DELAY_SECONDS, labels))

    def _label(self) -> None:
        while (found := self._late.get()) is not None:
            due, labels = found
            self._stop.wait(max(0.0, due - time.monotonic()))
            status, _, _ = self._post("/feedback", labels)
            self.labels[status] = self.labels.get(status, 0) + len(labels)

    def _post(self, path: str, document: object) -> tuple[int, dict[str, Any], str]:
        """Status, answer and error; (0, {}, error) without a whole answer."""
        body, headers = json.dumps(document).encode(), {"Content-Type": "application/json"}
        for attempt in (0, 1):
            fresh = getattr(self._local, "connection", None) is None
            if fresh:
                self._local.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=TIMEOUT_SECONDS
                )
            connection = self._local.connection
            try:
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                body_of = response.read()
                answer = json.loads(body_of) if response.status == OK else {}
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                self._local.connection = None
                # A server may close an idle connection as the client uses it again: a client
                # then repeats the request, as every HTTP library does.
                if attempt or fresh:
                    return 0, {}, f"{type(error).__name__}: {error}"
            else:
                return response.status, answer if isinstance(answer, dict) else {}, ""
        raise AssertionError("unreachable")


def _same(row: Row) -> Row:
    return row
