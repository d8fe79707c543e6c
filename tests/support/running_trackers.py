"""Issue trackers in this process, on a free port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.tracker.client import IssuesClient
from packager.tracker.core.finding import Finding, Report
from packager.tracker.notify.config import ServiceConfig
from packager.tracker.service.run import ReadyService, start
from packager.tracker.service.settings import ServiceSettings


@dataclass
class RunningTracker:
    """A service that answers."""

    url: str
    token_file: Path
    started: ReadyService

    @property
    def token(self) -> str:
        return self.token_file.read_text(encoding="utf-8").strip()

    @contextmanager
    def client(self) -> Iterator[IssuesClient]:
        client = IssuesClient(self.url, self.token)
        try:
            yield client
        finally:
            client.close()


@contextmanager
def running_tracker(
    state: Path, config: ServiceConfig = ServiceConfig(), port: int = 0
) -> Iterator[RunningTracker]:
    """A service with its data in ``state``."""
    started = start(state, "127.0.0.1", port, ServiceSettings(), config)
    thread = threading.Thread(target=started.run)
    thread.start()
    wait_until(lambda: started.server.started)
    try:
        yield RunningTracker(started.url, started.token_file, started)
    finally:
        started.server.should_exit = True
        thread.join()


def wait_until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until ``holds()``."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def finding(subject: str = "feature=carat", **fields: Any) -> Finding:
    """A finding of drift, with ``fields``."""
    usual: dict[str, Any] = {
        "package": "diamonds",
        "version": "1.0.0",
        "kind": "FeatureDrift",
        "subject": subject,
        "source": "drift",
        "share": 0.5,
        "starts_at": 1_000.0,
    }
    return Finding(**{**usual, **fields})


def reported(*findings: Finding) -> Report:
    """A report without a scan."""
    return Report(findings=findings)
