"""What the last synchronisation left of an issue in a forge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mirror:
    """Of one issue in one forge."""

    number: str
    open_here: bool
    open_there: bool
    text: str
    """Digest of title, body and labels."""
    owner: str
    """Whom the forge had it assigned to."""
    event: int
    """The newest event of the tracker that the forge has."""
    comments: int
    """Comments in the forge."""
    comment: int = 0
    """The id of the newest comment of the forge that the tracker has."""
