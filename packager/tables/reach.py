"""Which other tables may be opened because a table's log names them.

The log may be somebody else's: an address in it would be opened with this user's files and
credentials. So what lies beside a table that the user named is opened, all else only where asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from packager.location import Location


@dataclass(frozen=True)
class Reach:
    """Folders, local or of a store; what lies under one of them may be opened."""

    folders: frozenset[str]

    @classmethod
    def of(cls, *tables: Location, follow: Iterable[Location] = ()) -> Reach:
        """What lies beside ``tables``, and what is, or lies under, each place of ``follow``."""
        beside = {_parent(_real(table)) for table in tables}
        return cls(frozenset(beside | {_real(place) for place in follow}))

    def has(self, table: Location) -> bool:
        """Whether it may be opened. Links and ``..`` count as what they lead to."""
        real = _real(table)
        if ".." in re.split(r"[/\\]", unquote(real)):
            return False
        return any(real == folder or real.startswith(f"{folder}/") for folder in self.folders)


def _real(table: Location) -> str:
    if table.path is None:
        return table.uri.rstrip("/")
    return os.path.realpath(table.uri)


def _parent(uri: str) -> str:
    """The folder that holds a table; of one that is all of a bucket or disk, that table."""
    folder = uri.rpartition("/")[0]
    return uri if folder.endswith("/") or not folder else folder
