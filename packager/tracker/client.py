"""The client of the service's API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import requests

from packager.client.address import server_address
from packager.client.fetch import UNCOMPRESSED, Bearer, fetched
from packager.errors import PackageError
from packager.tracker.core.finding import Report
from packager.tracker.forges.mirror import Mirror

MAX_ANSWER = 64 << 20
SECONDS = 10.0
IMPORT_SECONDS = 300.0


class AwayError(PackageError):
    """The service did not answer, or had an error: a later attempt may succeed."""


class IssuesClient:
    """Speaks to the service at ``url``; every method raises ``PackageError``."""

    def __init__(self, url: str, token: str) -> None:
        server_address(url)
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = Bearer(token)

    def send(self, report: Report) -> list[dict[str, Any]]:
        """Send findings; for each the issue, its state and what changed."""
        body = report.model_dump_json().encode()
        found: Any = self._ask("POST", "/api/v1/findings", body=body).get("findings")
        try:
            return [{name: one[name] for name in ("id", "state", "result")} for one in found]
        except (TypeError, KeyError):
            raise PackageError(
                f"{self._url}: not the answer of an issue tracker", "check the address"
            ) from None

    def page(self, selection: Mapping[str, Any]) -> dict[str, Any]:
        """A page of a list: ``issues``, and ``next``, the key of the next page."""
        return self._ask("GET", "/api/v1/issues", parameters=selection)

    def issues(self, selection: Mapping[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        """At most ``limit`` issues, page by page."""
        asked = {**selection, "limit": min(limit, 200)}
        while limit > 0:
            page = self.page(asked)
            yield from page["issues"][:limit]
            limit -= len(page["issues"])
            if page["next"] is None:
                return
            asked["after"] = page["next"]

    def issue(self, number: int) -> dict[str, Any]:
        """An issue."""
        return self._ask("GET", f"/api/v1/issues/{number}")

    def events(self, number: int) -> list[dict[str, Any]]:
        """The newest entries of an issue's history, newest first."""
        return list(self._ask("GET", f"/api/v1/issues/{number}/events")["events"])

    def act(self, number: int, action: Mapping[str, Any]) -> dict[str, Any]:
        """Do something to an issue; the issue after it."""
        return self._ask("PATCH", f"/api/v1/issues/{number}", body=_encoded(action))

    def add(self, finding: Mapping[str, Any]) -> dict[str, Any]:
        """Add an issue by hand."""
        return self._ask("POST", "/api/v1/issues", body=_encoded(finding))

    def mirrors(self, forge: str) -> dict[int, Mirror]:
        """Issue → what the last synchronisation with a forge left of it."""
        found = self._ask("GET", "/api/v1/mirrors", parameters={"forge": forge})["mirrors"]
        return {one.pop("issue"): Mirror(**one) for one in found}

    def keep_mirror(self, number: int, forge: str, mirror: Mirror) -> None:
        """Keep what a synchronisation left of an issue."""
        body = _encoded({"forge": forge, **asdict(mirror)})
        self._ask("PUT", f"/api/v1/issues/{number}/mirror", body=body)

    def tokens(self) -> list[dict[str, Any]]:
        """All tokens, without their secrets."""
        return list(self._ask("GET", "/api/v1/tokens")["tokens"])

    def add_token(self, name: str, scope: str) -> str:
        """Add a token; its secret."""
        body = _encoded({"name": name, "scope": scope})
        return str(self._ask("POST", "/api/v1/tokens", body=body)["token"])

    def revoke_token(self, name: str) -> None:
        """Revoke a token."""
        self._ask("DELETE", f"/api/v1/tokens/{quote(name, safe='')}")

    def audit(self) -> list[dict[str, Any]]:
        """What administrators did, newest first."""
        return list(self._ask("GET", "/api/v1/audit")["entries"])

    def export_to(self, file: Path) -> int:
        """Write every issue as JSON lines into ``file``; the number of bytes."""
        size = 0
        try:
            with self._session.get(
                f"{self._url}/api/v1/export", headers=UNCOMPRESSED, timeout=SECONDS, stream=True
            ) as answer:
                if not answer.ok:
                    _document(answer, self._url)
                with file.open("wb") as stream:
                    for part in answer.iter_content(1 << 16):
                        size += stream.write(part)
        except requests.RequestException as error:
            raise AwayError(
                f"{self._url}: the export ended early: {type(error).__name__}", "run it again"
            ) from error
        return size

    def import_from(self, file: Path) -> dict[str, Any]:
        """Import what ``export_to`` wrote; numbers of issues added, changed and the same."""
        with file.open("rb") as stream:
            return self._ask("POST", "/api/v1/import", body=stream, seconds=IMPORT_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: bytes | IO[bytes] | None = None,
        seconds: float = SECONDS,
    ) -> dict[str, Any]:
        ask = partial(
            self._session.request,
            method,
            f"{self._url}{path}",
            params=dict(parameters or {}),
            data=body,
            headers={**UNCOMPRESSED, "Content-Type": "application/json"},
            timeout=seconds,
            stream=True,
            allow_redirects=False,
        )
        try:
            answer = fetched(ask, MAX_ANSWER, seconds * 3)
        except requests.RequestException as error:
            raise AwayError(
                f"{self._url}: the issue tracker does not answer: {type(error).__name__}",
                "start it with `package issues serve`, or check the address",
            ) from error
        return _document(answer, self._url)


def _document(answer: requests.Response, url: str) -> dict[str, Any]:
    try:
        document = answer.json()
        error = None if answer.ok else document["error"]["message"]
    except (ValueError, KeyError, TypeError):
        document, error = None, f"HTTP {answer.status_code}, not the answer of an issue tracker"
    if answer.status_code >= 500:
        raise AwayError(f"{url}: {error}", "read the log of the issue tracker")
    if answer.status_code in (401, 403):
        raise PackageError(
            f"{url}: {error}",
            "name a file with a token: --token-file, or MODEL_ISSUES_TOKEN_FILE",
        )
    if error is not None or not isinstance(document, dict):
        raise PackageError(f"{url}: {error or 'expected a JSON object'}")
    return document


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document)).encode()
