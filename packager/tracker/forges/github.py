"""GitHub's issues (REST API, version 2022-11-28)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from packager.errors import PackageError, UsageError
from packager.tracker.forges.draft import LABEL
from packager.tracker.forges.forge import Draft, RemoteComment, RemoteIssue
from packager.tracker.forges.http import ForgeClient

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class GitHub:
    """The issues of ``repository``: ``owner/name``; ``url``: the address of the API."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        if not _NAME.fullmatch(repository):
            raise UsageError(
                f"{repository[:100]!r}: expected OWNER/NAME", "for example team/models"
            )
        self.name = f"github:{repository}"
        self._client = ForgeClient(
            url,
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        self._path = f"/repos/{repository}"
        details = self._client.request("GET", self._path)
        if details is None:
            raise PackageError(
                f"{repository}: the forge has no such repository, or the token may not see it",
                "check the name and the token's permissions",
            )
        self.is_public = details.get("private") is not True

    def all(self) -> Iterator[RemoteIssue]:
        """Every issue with the label; pull requests, which the API lists too, are left out."""
        for issue in self._client.pages(f"{self._path}/issues", state="all", labels=LABEL):
            if "pull_request" not in issue:
                yield _issue(issue)

    def get(self, number: str) -> RemoteIssue | None:
        """One issue."""
        issue = self._client.request("GET", f"{self._path}/issues/{number}")
        return None if issue is None else _issue(issue)

    def create(self, draft: Draft) -> RemoteIssue:
        """Open an issue."""
        return _issue(self._client.request("POST", f"{self._path}/issues", _body(draft)))

    def update(self, number: str, draft: Draft) -> None:
        """Replace title, body and labels."""
        self._client.request("PATCH", f"{self._path}/issues/{number}", _body(draft))

    def close(self, number: str) -> None:
        """Close an issue as done."""
        body = {"state": "closed", "state_reason": "completed"}
        self._client.request("PATCH", f"{self._path}/issues/{number}", body)

    def reopen(self, number: str) -> None:
        """Open an issue again."""
        body = {"state": "open", "state_reason": "reopened"}
        self._client.request("PATCH", f"{self._path}/issues/{number}", body)

    def comment(self, number: str, text: str) -> None:
        """Add a comment."""
        self._client.request("POST", f"{self._path}/issues/{number}/comments", {"body": text})

    def comments(self, number: str) -> Iterator[RemoteComment]:
        """Its comments, oldest first."""
        for comment in self._client.pages(f"{self._path}/issues/{number}/comments"):
            author = (comment.get("user") or {}).get("login", "")
            yield RemoteComment(
                str(comment["id"]), author, comment.get("body") or "", comment["html_url"]
            )


def _body(draft: Draft) -> dict[str, Any]:
    return {"title": draft.title, "body": draft.body, "labels": list(draft.labels)}


def _issue(issue: dict[str, Any]) -> RemoteIssue:
    return RemoteIssue(
        number=str(issue["number"]),
        open=issue["state"] == "open",
        title=issue["title"],
        body=issue.get("body") or "",
        owner=(issue.get("assignee") or {}).get("login", ""),
        changed_by=(issue.get("closed_by") or {}).get("login", ""),
        comments=int(issue.get("comments", 0)),
        url=issue["html_url"],
    )
