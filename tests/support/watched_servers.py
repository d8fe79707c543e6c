"""A server whose model may do anything, and what it answered."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving_helpers import Server

ENDED, BROKEN, LATE = (503, "model_process_ended"), (500, "model_failed"), (504, "deadline")
FINE = (200, "")
PATIENCE_SECONDS = 180.0
LIMITS = {
    "MODEL_DEADLINE_SECONDS": "2",
    "MODEL_HANG_SECONDS": "3",  # with 1, a process of a busy machine that waits its turn is hung
    "MODEL_PROCESS_MEMORY": "500M",
}


@dataclass
class Watched:
    """A server, and what it answered to ``predict``."""

    server: Server
    answers: Counter[str] = field(default_factory=Counter)
    log_start: int = 0

    def predict(self, attack: str) -> tuple[int, str]:
        """Status and code of the answer to one row."""
        reply = self.server.predict([{"attack": attack}])
        self.answers[f"{reply.status // 100}xx"] += 1
        if reply.status == 200:
            assert len(reply.json["predictions"]) == 1
            return FINE
        error = reply.json["error"]
        assert "diamonds" in error["message"] or reply.status == 422, error
        return reply.status, error["code"]

    def told(self, part: str) -> dict[str, Any]:
        """The first line of the log since ``begin`` with ``part``, once it is there."""
        found = wait_for(lambda: [line for line in self._lines() if part in line["message"]])
        return dict(found[0])

    def begin(self) -> None:
        """From here on, ``told`` reads the log."""
        wait_for(lambda: self.ready and self.predict("fine") == FINE)
        self.log_start = self.server.log.stat().st_size

    @property
    def ready(self) -> bool:
        return self.server.get("/readyz").status == 200

    def _lines(self) -> list[dict[str, Any]]:
        with self.server.log.open("rb") as log:
            log.seek(self.log_start)
            whole = log.read().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]


def wait_for(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def children_of(server: Server) -> dict[int, bytes]:
    """Process → command line of the processes below the supervisor."""
    pid = server.process.pid
    found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return {one: Path(f"/proc/{one}/cmdline").read_bytes() for one in found}


def model_processes(server: Server) -> list[int]:
    return [one for one, command in children_of(server).items() if b"modelhost" in command]
