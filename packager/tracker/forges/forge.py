"""The interface of a forge, and its records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from packager.errors import PackageError


@dataclass(frozen=True)
class RemoteIssue:
    """An issue as the forge has it."""

    number: str
    open: bool
    title: str
    body: str
    owner: str
    """The assigned user; empty for nobody."""
    changed_by: str
    """The user who closed it, as far as the forge says."""
    comments: int
    url: str


@dataclass(frozen=True)
class RemoteComment:
    """A comment as the forge has it."""

    id: str
    author: str
    text: str
    url: str


@dataclass(frozen=True)
class Draft:
    """The text and labels of an issue in a forge."""

    title: str
    body: str
    labels: tuple[str, ...]


class RateLimitError(PackageError):
    """The forge accepts no more requests for now."""


class Forge(Protocol):
    """A repository or project of a forge; every method raises ``PackageError``."""

    name: str
    """``github:owner/name``."""
    is_public: bool
    """Whether everybody can read its issues."""

    def all(self) -> Iterator[RemoteIssue]:
        """Every issue that carries the label of this product, open or closed."""

    def get(self, number: str) -> RemoteIssue | None:
        """One issue; None if it was deleted."""

    def create(self, draft: Draft) -> RemoteIssue:
        """Open an issue."""

    def update(self, number: str, draft: Draft) -> None:
        """Replace title, body and labels."""

    def close(self, number: str) -> None:
        """Close an issue."""

    def reopen(self, number: str) -> None:
        """Open an issue again."""

    def comment(self, number: str, text: str) -> None:
        """Add a comment."""

    def comments(self, number: str) -> Iterator[RemoteComment]:
        """Its comments, oldest first."""
