"""The client of the service's API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote

import requests
from pydantic import BaseModel, TypeAdapter, ValidationError

from packager.client.address import server_address
from packager.client.fetch import UNCOMPRESSED, Bearer, fetch
from packager.errors import PackageError, UsageError
from packager.text import without_credentials
from packager.tracker.answers import (
    AuditAnswer,
    EventAnswer,
    FindingAnswer,
    ImportAnswer,
    IssueAnswer,
    MirrorAnswer,
    TokenAnswer,
)
from packager.tracker.core.finding import Report
from packager.tracker.forges.mirror import Mirror

MAX_ANSWER = 64 << 20
MAX_EXPORT = 4 << 30
MAX_PAGES = 1_000
Answer = TypeVar("Answer", bound=BaseModel)
_RESULTS = TypeAdapter(list[FindingAnswer])
_VIEWS = TypeAdapter(list[IssueAnswer])
_EVENTS = TypeAdapter(list[EventAnswer])
_MIRRORS = TypeAdapter(list[MirrorAnswer])
_TOKENS = TypeAdapter(list[TokenAnswer])
_ENTRIES = TypeAdapter(list[AuditAnswer])
SECONDS = 10.0
IMPORT_SECONDS = 300.0


class AwayError(PackageError):
    """The service did not answer, had an error, or takes no more now: later it may."""


class DeniedError(PackageError):
    """The token is not one that may do this."""


class IssuesClient:
    """Speaks to the service at ``url``; every method raises ``PackageError``."""

    def __init__(self, url: str, token: str) -> None:
        parts = server_address(url)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise UsageError(
                f"{without_credentials(url)}: expected an address without user, query and fragment",
                "a token is read from a file",
            )
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = Bearer(token)

    def send(self, report: Report) -> list[dict[str, Any]]:
        """Send findings; for each the issue, its state and what changed."""
        body = report.model_dump_json().encode()
        answer = self._request("POST", "/api/v1/findings", body=body)
        return [one.model_dump() for one in self._read(_RESULTS, answer, "findings")]

    def issues(self, selection: Mapping[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        """At most ``limit`` issues, page by page."""
        parameters = {**selection, "limit": max(min(limit, 200), 1)}
        for _ in range(MAX_PAGES):
            page = self._request("GET", "/api/v1/issues", parameters=parameters)
            views = [one.model_dump() for one in self._read(_VIEWS, page, "issues")]
            yield from views[:limit]
            limit -= len(views)
            following = page.get("next")
            if limit <= 0 or following is None or following == parameters.get("after"):
                return
            parameters["after"] = following

    def issue(self, number: int) -> dict[str, Any]:
        """An issue."""
        return self._view(self._request("GET", f"/api/v1/issues/{number}"))

    def events(self, number: int) -> list[dict[str, Any]]:
        """The newest entries of an issue's history, newest first."""
        answer = self._request("GET", f"/api/v1/issues/{number}/events")
        return [one.model_dump() for one in self._read(_EVENTS, answer, "events")]

    def act(self, number: int, action: Mapping[str, Any]) -> dict[str, Any]:
        """Do something to an issue; the issue after it."""
        body = _encoded(action)
        return self._view(self._request("PATCH", f"/api/v1/issues/{number}", body=body))

    def add(self, finding: Mapping[str, Any]) -> dict[str, Any]:
        """Add an issue by hand."""
        return self._view(self._request("POST", "/api/v1/issues", body=_encoded(finding)))

    def mirrors(self, forge: str) -> dict[int, Mirror]:
        """Issue → what the last synchronisation with a forge left of it."""
        answer = self._request("GET", "/api/v1/mirrors", parameters={"forge": forge})
        return {one.issue: one.mirror for one in self._read(_MIRRORS, answer, "mirrors")}

    def keep_mirror(self, number: int, forge: str, mirror: Mirror) -> None:
        """Keep what a synchronisation left of an issue."""
        body = _encoded({"forge": forge, "mirror": mirror.model_dump()})
        self._request("PUT", f"/api/v1/issues/{number}/mirror", body=body)

    def tokens(self) -> list[dict[str, Any]]:
        """All tokens, without their secrets."""
        answer = self._request("GET", "/api/v1/tokens")
        return [one.model_dump() for one in self._read(_TOKENS, answer, "tokens")]

    def add_token(self, name: str, scope: str) -> str:
        """Add a token; its secret."""
        body = _encoded({"name": name, "scope": scope})
        secret = self._request("POST", "/api/v1/tokens", body=body).get("token")
        if not isinstance(secret, str):
            raise self._strange("token")
        return secret

    def revoke_token(self, name: str) -> None:
        """Revoke a token."""
        self._request("DELETE", f"/api/v1/tokens/{quote(name, safe='')}")

    def audit(self) -> list[dict[str, Any]]:
        """The actions of administrators, newest first."""
        answer = self._request("GET", "/api/v1/audit")
        return [one.model_dump() for one in self._read(_ENTRIES, answer, "entries")]

    def export_to(self, file: Path) -> int:
        """Write every issue as JSON lines into ``file``; the number of bytes."""
        size = 0
        try:
            with self._session.get(
                f"{self._url}/api/v1/export",
                headers=UNCOMPRESSED,
                timeout=SECONDS,
                stream=True,
                allow_redirects=False,
            ) as answer:
                if answer.status_code != 200:
                    _document(answer, self._url)
                    raise self._strange("export")
                with file.open("wb") as stream:
                    for part in answer.iter_content(1 << 16):
                        size += stream.write(part)
                        if size > MAX_EXPORT:
                            raise self._strange("export")
        except requests.RequestException as error:
            raise AwayError(
                f"{self._url}: the export ended early: {type(error).__name__}", "run it again"
            ) from error
        return size

    def import_from(self, file: Path) -> dict[str, Any]:
        """Import what ``export_to`` wrote; numbers of issues added, changed and the same."""
        with file.open("rb") as stream:
            answer = self._request("POST", "/api/v1/import", body=stream, seconds=IMPORT_SECONDS)
        try:
            return ImportAnswer.model_validate(answer).model_dump()
        except ValidationError:
            raise self._strange("import") from None

    def _view(self, answer: dict[str, Any]) -> dict[str, Any]:
        try:
            return IssueAnswer.model_validate(answer).model_dump()
        except ValidationError:
            raise self._strange("issue") from None

    def _read(
        self, kind: TypeAdapter[list[Answer]], answer: dict[str, Any], key: str
    ) -> list[Answer]:
        try:
            return kind.validate_python(answer.get(key))
        except ValidationError:
            raise self._strange(key) from None

    def _strange(self, what: str) -> PackageError:
        return PackageError(
            f"{self._url}: expected the answer of an issue tracker ({what}), got something else",
            "check the address",
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _request(
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
            answer = fetch(ask, MAX_ANSWER, seconds * 3)
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
    except (ValueError, KeyError, TypeError, RecursionError):
        document, error = None, f"HTTP {answer.status_code}, not the answer of an issue tracker"
    if answer.status_code == 429:
        raise AwayError(f"{url}: {error}", "send less, or wait")
    if answer.status_code >= 500:
        raise AwayError(f"{url}: {error}", "read the log of the issue tracker")
    if answer.status_code in (401, 403):
        raise DeniedError(
            f"{url}: {error}",
            "name a file with a token: --token-file, or MODEL_ISSUES_TOKEN_FILE",
        )
    if answer.status_code == 400:
        raise UsageError(f"{url}: {error}", "see `package issues --help`")
    if error is not None or not isinstance(document, dict):
        raise PackageError(f"{url}: {error or 'expected a JSON object'}")
    return document


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(document)).encode()
