"""Clients at a fixed rate, whether or not the servers keep up, and the labels of their rows."""

from __future__ import annotations

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from open_load import OK, OpenLoad, Sent

from drill_parts.rows import LABEL, Row, question

LABELLED_EVERY = 2
"""The labels of one of so many requests come …"""
LABEL_DELAY_SECONDS = 2.0
"""… so much later."""
LABEL_TIMEOUT_SECONDS = 60.0
MOST_LABELS = 1_000
"""Of one request."""
AGAIN_SECONDS = 2.0
"""How long a client waits before it sends refused labels again."""


@dataclass
class Load:
    """``rate`` requests of ``batch`` rows a second to 127.0.0.1:``port``, within ``running``.

    ``change`` and ``relabel`` are what clients do to a row and its label; a drill sets them.
    """

    port: int
    rows: Sequence[Row]
    rate: float
    batch: int = 10
    change: Callable[[Row], Row] | None = None
    relabel: Callable[[Row], Row] | None = None
    labels: dict[int, int] = field(default_factory=dict)
    """Status → number of labels; 0: no answer. Refused ones are sent again."""

    def __post_init__(self) -> None:
        self._requests = OpenLoad(self.port, self._body, self.rate, answered=self._answered)
        self._asked: dict[int, list[Row]] = {}
        self._rows = itertools.cycle(self.rows)
        self._late: deque[tuple[float, list[dict[str, Any]]]] = deque()
        self._ended = threading.Event()
        self._unaccepted = False

    @contextmanager
    def running(self) -> Iterator[Load]:
        """Send while the block runs; labels that are due later are not sent any more."""
        labeller = threading.Thread(target=self._label)
        labeller.start()
        try:
            with self._requests.running():
                yield self
        finally:
            self._ended.set()
            labeller.join()

    @property
    def sent(self) -> list[Sent]:
        """Every request whose outcome is known."""
        return self._requests.sent

    @property
    def count(self) -> int:
        """Number of requests whose outcome is known."""
        return self._requests.count

    def lost(self, since: int = 0) -> list[Sent]:
        """The requests from number ``since`` on that weren't answered with 200."""
        return self._requests.lost(since)

    @property
    def waiting(self) -> bool:
        """Whether labels that were sent, or due a second ago, are not accepted yet."""
        late = list(self._late)[:1]
        return self._unaccepted or any(due < time.monotonic() - 1 for due, _ in late)

    def wait_for_labels(self, seconds: float) -> float | None:
        """Seconds until no label that was due waits; None if there is one after ``seconds``."""
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            if not self.waiting:
                return passed
            time.sleep(0.1)
        return None

    def _body(self, number: int) -> bytes:
        change = self.change or _same
        rows = self._asked[number] = list(itertools.islice(self._rows, self.batch))
        return json.dumps({"rows": [question(change(row)) for row in rows]}).encode()

    def _answered(self, one: Sent, answer: dict[str, Any]) -> None:
        rows, relabel = self._asked.pop(one.number), self.relabel or _same
        if one.status == OK and one.number % LABELLED_EVERY == 0:
            pairs = zip(answer["predictions"], rows, strict=True)
            labels = [
                {"token": told["token"], "actual": relabel(row)[LABEL]} for told, row in pairs
            ]
            self._late.append((time.monotonic() + LABEL_DELAY_SECONDS, labels))

    def _label(self) -> None:
        while not self._ended.wait(0.1):
            labels: list[dict[str, Any]] = []
            while self._late and self._late[0][0] <= time.monotonic() and len(labels) < MOST_LABELS:
                labels += self._late.popleft()[1]
            self._unaccepted = bool(labels)
            while self._unaccepted and not self._ended.is_set():
                status = self._send(labels)
                self.labels[status] = self.labels.get(status, 0) + len(labels)
                self._unaccepted = status != OK
                if self._unaccepted:
                    self._ended.wait(AGAIN_SECONDS)

    def _send(self, labels: list[dict[str, Any]]) -> int:
        """The status of ``/feedback``; 0 without an answer."""
        body, headers = json.dumps(labels).encode(), {"Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.port}/feedback"
        request = urllib.request.Request(address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=LABEL_TIMEOUT_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def _same(row: Row) -> Row:
    return row
