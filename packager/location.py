"""Parses the location of a versioned table: ``diamonds``, ``data/diamonds@3``, ``s3://…``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packager.errors import UsageError

FOLDER = ".pkgdata"
"""Folder of tables with a bare name; hidden, so it is not packaged as code."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Location:
    """A table, and optionally one of its versions."""

    uri: str
    """An absolute path, or ``scheme://…``."""
    version: int | None = None

    @classmethod
    def parse(cls, text: str, base: Path | None = None) -> Location:
        """Parse ``NAME``, a path or a URI, with an optional ``delta:`` prefix and ``@VERSION``.

        Relative paths, and ``.pkgdata`` for bare names, are below ``base`` (default: the current
        folder). Raises ``UsageError`` for anything else, and for a URI with a credential.
        """
        location, at, number = text.removeprefix("delta:").rpartition("@")
        if not at or "/" in number:  # as in s3://user@host/table
            location, at, number = text.removeprefix("delta:"), "", ""
        if at and not number.isdigit():
            raise UsageError(
                f"{text}: expected a number after @, got {number!r}",
                "write the version that `package data log` shows, for example diamonds@3",
            )
        if not location:
            raise UsageError(f"{text!r}: expected the name of a table", "for example diamonds@3")
        version = int(number) if number else None
        if "://" in location:
            _refuse_credential(location)
            return cls(location.rstrip("/"), version)
        top = base or Path.cwd()
        # A bare name means ``.pkgdata``, unless a table of that name is in ``top``; a folder that
        # is no table may hold the files that the table is made from.
        bare = _NAME.fullmatch(location) and not (top / location / "_delta_log").is_dir()
        return cls(str((top / FOLDER / location if bare else top / location).resolve()), version)

    @classmethod
    def table_at(cls, text: str, base: Path | None = None) -> Location | None:
        """The table that ``text`` names; None if it names something else.

        URIs and ``delta:…`` always name tables; any other text only if a table exists there.
        """
        if text.startswith("delta:") or "://" in text:
            return cls.parse(text, base)
        location = (base or Path.cwd()) / text
        if location.exists() and not (location / "_delta_log").is_dir():
            return None
        at = text.rpartition("@")
        if at[1] and not at[2].isdigit():
            return None
        table = cls.parse(text, base)
        return table if table.path and (table.path / "_delta_log").is_dir() else None

    def unversioned(self) -> Location:
        """This table; raises ``UsageError`` if it has a version."""
        if self.version is not None:
            raise UsageError(f"{self}: expected a table without a version", "leave @… out")
        return self

    @property
    def path(self) -> Path | None:
        """The folder of a local table; None for a URI."""
        return None if "://" in self.uri else Path(self.uri)

    @property
    def name(self) -> str:
        """The last part of the path or URI, for file names and graphs."""
        return self.uri.rstrip("/").rpartition("/")[2]

    def relative_to(self, other: Location) -> str:
        """This table's name in ``other``'s commits: relative, so folders can move together."""
        if self.path is None or other.path is None:
            return self.uri
        return os.path.relpath(self.uri, other.uri)

    def beside(self, relative: str) -> Location:
        """The table that a commit of this table names ``relative``."""
        if self.path is None or "://" in relative or os.path.isabs(relative):
            return Location(relative)
        return Location(os.path.normpath(os.path.join(self.uri, relative)))

    def __str__(self) -> str:
        shown = self.uri
        if self.path is not None:
            near = os.path.relpath(self.uri)
            shown = near if not near.startswith("..") else shown
            shown = shown.removeprefix(f"{FOLDER}{os.sep}")
        return shown if self.version is None else f"{shown}@{self.version}"


def _refuse_credential(uri: str) -> None:
    """Raise ``UsageError`` for a URI with a credential; the message omits the URI."""
    scheme, _, rest = uri.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if (at and ":" in user) or "?" in rest:
        raise UsageError(
            f"{scheme}://…: expected the address of a table without a credential in it",
            "write scheme://bucket/table, and give the credential in the environment, for example "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
