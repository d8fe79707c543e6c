"""Labels that are stored with a table: what a check is told about them."""

from __future__ import annotations

from packager.manifest.base import FrozenModel


class DisputedRow(FrozenModel):
    """A row of the source on which annotators disagree."""

    row: int
    """Position in the source, from 0."""
    scheme: str
    score: float
    votes: str
    """Each label, and who gave it."""


class StoredLabels(FrozenModel):
    """Labels of a table's version."""

    target: str | None = None
    """The column that consists of resolved labels; it is none of the table's own."""
    disputed: tuple[DisputedRow, ...] = ()
