"""The other tables that may be opened because a table's log names them.

The log may be untrusted: an address in it would be opened with this user's files and credentials.
So only tables in the same folder as one that the user named are opened, others on request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from packager.location import Location


@dataclass(frozen=True)
class AllowedLocations:
    """Folders, local or in a store; tables below one of them may be opened."""

    folders: frozenset[str]

    @classmethod
    def of(cls, *tables: Location, follow: Iterable[Location] = ()) -> AllowedLocations:
        """The folders that contain ``tables``, and each place of ``follow``."""
        beside = {_parent(_real(table)) for table in tables}
        return cls(frozenset(beside | {_real(location) for location in follow}))

    def has(self, table: Location) -> bool:
        """Whether ``table`` may be opened. Local links and ``..`` are resolved first."""
        real = _real(table)
        if ".." in re.split(r"[/\\]", unquote(real)):
            return False
        return any(real == folder or real.startswith(f"{folder}/") for folder in self.folders)


def _real(table: Location) -> str:
    if table.path is None:
        return table.uri.rstrip("/")
    return os.path.realpath(table.uri)


def _parent(uri: str) -> str:
    """The folder of a table; the table itself if it is a whole bucket or disk."""
    folder = uri.rpartition("/")[0]
    return uri if folder.endswith("/") or not folder else folder
