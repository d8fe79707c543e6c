"""GitLab's issues (REST API, version 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from packager.errors import PackageError
from packager.tracker.forges.draft import LABEL
from packager.tracker.forges.forge import Draft, RemoteComment, RemoteIssue
from packager.tracker.forges.http import ForgeClient


class GitLab:
    """The issues of ``project``: ``group/name``; ``url``: the API's address, to ``/api/v4``."""

    def __init__(self, url: str, project: str, token: str) -> None:
        self.name = f"gitlab:{project}"
        self._client = ForgeClient(url, {"PRIVATE-TOKEN": token})
        self._path = f"/projects/{quote(project, safe='')}"
        details = self._client.request("GET", self._path)
        if details is None:
            raise PackageError(
                f"{project}: the forge has no such project, or the token may not see it",
                "check the name and the token's scope (api)",
            )
        self.is_public = details.get("visibility") != "private"

    def all(self) -> Iterator[RemoteIssue]:
        """Every issue with the label."""
        path = f"{self._path}/issues"
        for issue in self._client.pages(path, state="all", labels=LABEL, scope="all"):
            yield _issue(issue)

    def get(self, number: str) -> RemoteIssue | None:
        """One issue."""
        issue = self._client.request("GET", f"{self._path}/issues/{number}")
        return None if issue is None else _issue(issue)

    def create(self, draft: Draft) -> RemoteIssue:
        """Open an issue."""
        return _issue(self._client.request("POST", f"{self._path}/issues", _body(draft)))

    def update(self, number: str, draft: Draft) -> None:
        """Replace title, description and labels."""
        self._client.request("PUT", f"{self._path}/issues/{number}", _body(draft))

    def close(self, number: str) -> None:
        """Close an issue."""
        self._client.request("PUT", f"{self._path}/issues/{number}", {"state_event": "close"})

    def reopen(self, number: str) -> None:
        """Open an issue again."""
        self._client.request("PUT", f"{self._path}/issues/{number}", {"state_event": "reopen"})

    def comment(self, number: str, text: str) -> None:
        """Add a note."""
        self._client.request("POST", f"{self._path}/issues/{number}/notes", {"body": text})

    def comments(self, number: str) -> Iterator[RemoteComment]:
        """Its notes of people, oldest first; those of the system are left out."""
        path = f"{self._path}/issues/{number}/notes"
        for note in self._client.pages(path, sort="asc", order_by="created_at"):
            if not note.get("system"):
                author = (note.get("author") or {}).get("username", "")
                yield RemoteComment(str(note["id"]), author, note.get("body") or "", "")


def _body(draft: Draft) -> dict[str, Any]:
    return {
        "title": draft.title[:255],
        "description": draft.body,
        "labels": ",".join(label.replace(",", " ") for label in draft.labels),
    }


def _issue(issue: dict[str, Any]) -> RemoteIssue:
    return RemoteIssue(
        number=str(issue["iid"]),
        open=issue["state"] == "opened",
        title=issue["title"],
        body=issue.get("description") or "",
        owner=(issue.get("assignee") or {}).get("username", ""),
        changed_by=(issue.get("closed_by") or {}).get("username", ""),
        comments=int(issue.get("user_notes_count", 0)),
        url=issue["web_url"],
    )
