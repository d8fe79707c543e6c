"""Findings and issues for tests of the tracker, and a store in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import Issue
from packager.tracker.core.states import opened
from packager.tracker.service.app import create_app
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.tokens import TokenScope, add_token, revoke, tokens

T0 = 1_764_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def finding(**changes: Any) -> Finding:
    """FeatureDrift of carat in version 1, since ``T0``."""
    given: dict[str, Any] = {
        "package": "shop",
        "version": "1",
        "kind": "FeatureDrift",
        "subject": "feature=carat",
        "source": "alertmanager",
        "key": "a1",
        "starts_at": T0,
    }
    return Finding.model_validate({**given, **changes})


def issue(state: dict[str, Any] | None = None, **changes: Any) -> Issue:
    """An open issue of ``finding(**changes)`` with other fields as in ``state``."""
    return opened(finding(**changes), T0).issue.with_changes({"id": 1, **(state or {})})


@dataclass
class TrackedService:
    """A service in this process, whose clock stands where the test puts it."""

    client: TestClient
    tracker: Tracker
    context: ServiceContext
    report: dict[str, str]
    """The header of a token of scope ``report``."""
    write: dict[str, str]
    secret: str
    """The token of ``report``."""

    def issues(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.client.get("/api/v1/issues", params={"limit": 200, **query},
                                 headers=self.write)  # fmt: skip
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["issues"]
        return found

    def events(self, number: int) -> list[dict[str, Any]]:
        answer = self.client.get(f"/api/v1/issues/{number}/events", headers=self.write)
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    def metric(self, name: str) -> float:
        lines = self.client.get("/metrics", headers=self.write).text.splitlines()
        (value,) = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")
                    or line.rpartition(" ")[0] == name]  # fmt: skip
        return float(value)


@contextmanager
def tracked_service(
    folder: Path, settings: ServiceSettings | None = None, clock: Callable[[], float] = time.time
) -> Iterator[TrackedService]:
    """A service on a store in ``folder``, with its background tasks."""
    tracker = Tracker(SqliteStore(folder / "issues.db"), clock)
    with tracker.store.write() as store:
        names = {one.name for one in tokens(store)}
        scopes = {"in": TokenScope.REPORT, "out": TokenScope.WRITE}
        for name in names:
            revoke(store, name)
        secrets = {name: add_token(store, name, scope, T0) for name, scope in scopes.items()}
    app = create_app(tracker, settings or ServiceSettings())
    headers = {name: {"Authorization": f"Bearer {one}"} for name, one in secrets.items()}
    with TestClient(app, raise_server_exceptions=True) as client:
        yield TrackedService(
            client, tracker, app.state.context, headers["in"], headers["out"], secrets["in"]
        )
