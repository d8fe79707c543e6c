"""Metadata of a table's commits, as frozen data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Fingerprint
from packager.tables.labels.records import LabelSet


class Parent(FrozenModel):
    """One input of a derived table: exactly this version, with this content."""

    table: str
    """Relative to the derived table's folder if both are local."""
    version: int
    content: str
    """``content_of`` its fingerprint, so that a revert of the parent to equal rows is no change."""
    labels: str | None = None
    """Identity of its stored labels, "" for none; None if the step does not read labels."""


class Derivation(FrozenModel):
    """Computation of a version from others."""

    parents: tuple[Parent, ...]
    step: str
    """``module:function``, or the command."""
    digest: str
    """sha256 over the step's own code."""
    params: dict[str, Any]


class Version(FrozenModel):
    """One version of a table."""

    number: int
    milliseconds: int
    """Time of the commit, since 1970."""
    operation: str
    """``add``, ``append``, ``revert``, ``derive``, ``label``; the operation's name of other
    writers."""
    message: str
    author: str
    fingerprint: Fingerprint | None
    """None for versions that another program wrote."""
    derived: Derivation | None = None
    reverted_to: int | None = None
    labels: LabelSet | None = None
    """Labels of its rows: those of its predecessor, unless its commit names others."""

    @property
    def when(self) -> str:
        """``2026-11-23 14:02`` in UTC."""
        try:
            moment = datetime.fromtimestamp(self.milliseconds / 1000, UTC)
        except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
            return f"{self.milliseconds} ms"
        return moment.strftime("%Y-%m-%d %H:%M")


def content_of(fingerprint: Fingerprint) -> str:
    """Identifier of rows in their order, columns and types: schema, sums and count."""
    rows = f"{fingerprint.rows[0]}{fingerprint.rows[1]}{fingerprint.ordered}"
    return f"{fingerprint.schema_[:16]}{rows}-{fingerprint.row_count}"
