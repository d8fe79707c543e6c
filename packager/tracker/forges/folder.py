"""A folder as a forge: one JSON file an issue. For trying a synchronisation, and for archives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from packager.cache import atomic_file
from packager.errors import PackageError, UsageError
from packager.tracker.forges.forge import Draft, RemoteComment, RemoteIssue


class IssueFile(BaseModel):
    """A file: one issue."""

    open: bool
    title: str
    body: str
    labels: list[str]
    owner: str = ""
    comments: list[dict[str, str]] = []
    """Each with ``author`` and ``text``."""


class Folder:
    """The issues in ``path``, which is created."""

    is_public = False

    def __init__(self, path: Path) -> None:
        self.name = f"folder:{path.absolute()}"
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}", "name a folder") from error

    def all(self) -> Iterator[RemoteIssue]:
        """Every issue."""
        for file in sorted(self._path.glob("*.json"), key=lambda one: (len(one.name), one.name)):
            yield _issue(self._read(file.stem), file)

    def get(self, number: str) -> RemoteIssue | None:
        """One issue."""
        file = self._file(number)
        return _issue(self._read(number), file) if file.is_file() else None

    def create(self, draft: Draft) -> RemoteIssue:
        """Open an issue with the next number."""
        taken = [int(file.stem) for file in self._path.glob("*.json") if file.stem.isdecimal()]
        number = str(max(taken, default=0) + 1)
        self._write(number, {"open": True, "owner": "", "comments": [], **_text(draft)})
        return _issue(self._read(number), self._file(number))

    def update(self, number: str, draft: Draft) -> None:
        """Replace title, body and labels."""
        self._write(number, {**self._read(number), **_text(draft)})

    def close(self, number: str) -> None:
        """Close an issue."""
        self._write(number, {**self._read(number), "open": False})

    def reopen(self, number: str) -> None:
        """Open an issue again."""
        self._write(number, {**self._read(number), "open": True})

    def comment(self, number: str, text: str) -> None:
        """Add a comment."""
        known = self._read(number)
        added = {"author": "tracker", "text": text}
        self._write(number, {**known, "comments": [*known["comments"], added]})

    def comments(self, number: str) -> Iterator[RemoteComment]:
        """Its comments, oldest first."""
        for index, one in enumerate(self._read(number)["comments"], start=1):
            yield RemoteComment(str(index), one.get("author", ""), one.get("text", ""), "")

    def _file(self, number: str) -> Path:
        return self._path / f"{number}.json"

    def _read(self, number: str) -> dict[str, Any]:
        try:
            issue = IssueFile.model_validate_json(self._file(number).read_bytes())
        except (OSError, ValueError) as error:
            raise PackageError(
                f"{self._file(number)}: expected an issue as this command writes it",
                "restore the file, or delete it",
            ) from error
        return issue.model_dump()

    def _write(self, number: str, document: dict[str, Any]) -> None:
        with atomic_file(self._file(number)) as file:
            file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _text(draft: Draft) -> dict[str, Any]:
    return {"title": draft.title, "body": draft.body, "labels": list(draft.labels)}


def _issue(document: dict[str, Any], file: Path) -> RemoteIssue:
    return RemoteIssue(
        number=file.stem,
        open=document["open"],
        title=document["title"],
        body=document["body"],
        owner=document["owner"],
        changed_by="",
        comments=len(document["comments"]),
        url="",
    )
