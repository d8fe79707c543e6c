"""The issue tracker's pages without a socket: a store, an application, a browser's headers."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from packager.tracker import intake
from packager.tracker.core.actions import Action
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.issue import Issue
from packager.tracker.service.app import create_app
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.store import Store
from packager.tracker.store.tokens import TokenScope, add_token

NOW = 1_795_960_800.0
"""2026-11-29T14:00:00Z."""
SETTINGS = ServiceSettings(
    public_url="http://issues.test", link_prefixes=("https://grafana.test/d/",)
)
SAME_SITE = {"sec-fetch-site": "same-origin"}
HTML = {"accept": "text/html"}


def finding(**given: object) -> Finding:
    """A finding of ``diamonds``."""
    base: dict[str, object] = {
        "package": "diamonds",
        "version": "1.0",
        "kind": "FeatureDrift",
        "subject": "feature=carat",
        "share": 0.22,
        "certainty": 0.7,
        "source": "alertmanager",
        "starts_at": NOW,
        "title": "carat moved",
    }
    return Finding.model_validate({**base, **given})


class TestBrowser:
    """Keeps cookies, follows no redirect; each request runs the application in this process."""

    __test__ = False

    def __init__(self, app: Starlette) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=SETTINGS.public_url
        )

    def get(self, path: str, **options: Any) -> httpx.Response:
        """``GET``."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """``POST``."""
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any method."""
        return asyncio.run(self._client.request(method, path, **options))

    def cookie(self) -> str:
        """The cookies as a header."""
        return "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())


class TrackerSite:
    """A service and one browser."""

    def __init__(
        self, folder: Path, settings: ServiceSettings = SETTINGS, store: Store | None = None
    ) -> None:
        self.now = NOW
        self.store = store or _hasty(SqliteStore(folder / "issues.db"))
        self.tracker = Tracker(self.store, lambda: self.now)
        self.app = create_app(self.tracker, settings)
        self.client = self.browser()

    def browser(self) -> TestBrowser:
        """A browser without cookies."""
        return TestBrowser(self.app)

    def token(self, name: str, scope: TokenScope = TokenScope.WRITE) -> str:
        """The secret of a new token."""
        with self.store.write() as store:
            return add_token(store, name, scope, self.now)

    def log_in(self, name: str = "ada", scope: TokenScope = TokenScope.WRITE) -> None:
        """Log in as somebody new."""
        sent = {"token": self.token(name, scope)}
        answer = self.client.post("/login", data=sent, headers=SAME_SITE)
        assert answer.status_code == 303, answer.text

    def report(self, **given: object) -> Issue:
        """Report a finding; its issue."""
        with self.store.write() as store:
            issue = intake.receive(store, Report(findings=(finding(**given),)), self.now)[0].issue
        assert issue is not None
        return issue

    def act(self, number: int, *actions: Action, who: str = "ada") -> None:
        """Act on an issue, in one transaction."""
        with self.store.write() as store:
            for action in actions:
                intake.act(store, number, action, who, self.now)

    def issue(self, number: int) -> Issue:
        """An issue as it is kept."""
        with self.store.read() as store:
            found = store.issue(number)
        assert found is not None
        return found

    def page(self, path: str, status: int = 200) -> str:
        """The HTML of a page."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, **fields: object) -> httpx.Response:
        """Send a form as a page of the site does."""
        found = re.search(r'name="form_token" value="(\w+)"', self.page("/"))
        assert found is not None
        sent = {"form_token": found[1], **fields}
        return self.client.post(path, data=sent, headers=SAME_SITE)

    def close(self) -> None:
        """End the threads."""
        self.tracker.close()


def _hasty(store: SqliteStore) -> SqliteStore:
    """A store that waits for no disk: a test needs no protection against a loss of power."""
    store._writing.raw.execute("pragma synchronous = off")
    return store


def text_of(html: str) -> str:
    """The text of a page, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()
