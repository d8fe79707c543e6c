"""The issue tracker's application in the test's process, with tokens of every scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from issue_samples import NOW
from starlette.testclient import TestClient

from packager.tracker.administration import create_token
from packager.tracker.service.app import create_app
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.store import Store
from packager.tracker.store.tokens import TokenScope


class Service(NamedTuple):
    """A client of a running application, and the secrets of its tokens by scope."""

    client: TestClient
    secrets: dict[str, str]
    tracker: Tracker

    def ask(self, method: str, path: str, scope: str = "admin", **options: Any) -> Any:
        """A request with a token; an exception in the application is raised here."""
        headers = {"authorization": f"Bearer {self.secrets[scope]}"} | options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)


@contextmanager
def running(store: Store, settings: ServiceSettings | None = None) -> Iterator[Service]:
    """The application of ``store`` at the time ``NOW``."""
    tracker = Tracker(store, clock=lambda: NOW)
    with store.write() as writer:
        secrets = {
            scope.value: create_token(writer, f"{scope.value}-token", scope, "test", NOW)
            for scope in TokenScope
        }
    with TestClient(create_app(tracker, settings or ServiceSettings())) as client:
        yield Service(client, secrets, tracker)
