"""The issue tracker of the deployment: what it lists, and waiting for what it should list."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drill_parts import paths
from packager.deploy.fleet import TRACKER_PORT
from packager.deploy.tracker import READ_TOKEN

URL = f"http://127.0.0.1:{TRACKER_PORT}"
CLOSED = frozenset({"resolved"})


@dataclass(frozen=True)
class Issue:
    """One line of the list."""

    number: int
    kind: str
    subject: str
    state: str
    band: int
    priority: float
    cause: int | None
    firing: bool
    version: str

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED

    @property
    def name(self) -> str:
        return f"{self.kind} {self.subject}"


def issues() -> list[Issue]:
    """All issues, the most urgent first."""
    answer = _ask("/api/v1/issues?state=all&limit=200")
    return [
        Issue(
            one["id"],
            one["kind"],
            one["subject"],
            one["state"],
            one["band"],
            one["priority"],
            one.get("cause"),
            one["firing"],
            one.get("version_last", ""),
        )
        for one in answer["issues"]
    ]


def open_issues() -> list[Issue]:
    """The open issues."""
    return [one for one in issues() if one.is_open]


def history(number: int) -> list[dict[str, Any]]:
    """The events of an issue."""
    return list(_ask(f"/api/v1/issues/{number}/events")["events"])


def wait_for(condition: Callable[[list[Issue]], bool], seconds: float) -> float | None:
    """Seconds until ``condition`` holds for all issues; None if it doesn't within ``seconds``."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        try:
            if condition(issues()):
                return passed
        except OSError:
            pass  # the service is starting again
        time.sleep(0.5)
    return None


def _ask(path: str) -> dict[str, Any]:
    token = (paths.DEPLOYED / READ_TOKEN).read_text(encoding="utf-8").strip()
    request = urllib.request.Request(URL + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))
