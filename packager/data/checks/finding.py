"""The result of a data check: one finding, and the report of all findings.

A score is the confidence that something is wrong, on one scale for all detectors: from 0.95 a
value that can't be right, from 0.8 very likely wrong, from 0.5 worth a look, below that a hint.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from packager.digest import canonical_json, sha256_bytes
from packager.manifest.base import FrozenModel

Part = Literal["source", "test"]
"""The data source, or the file that holds the held-out rows."""


class DataFinding(FrozenModel):
    """One issue that the user should look at."""

    detector: str
    score: float = Field(ge=0, le=1)
    column: str | None
    """None for a finding about whole rows or the whole table."""
    observed: str
    expected: str
    suggestion: str
    part: Part = "source"
    row: int | None = None
    """Position in its part, from 0; None for a finding about a column or the table."""
    row_hash: str = ""
    """16 hex digits: the dfp/1 hash of the row over all columns; empty without a row."""
    blocking: bool = False

    @property
    def row_number(self) -> str:
        """``12``, or ``12 (test)`` in a file of held-out rows; empty without a row."""
        if self.row is None:
            return ""
        return f"{self.row}{' (test)' if self.part == 'test' else ''}"


class Histogram(FrozenModel):
    """Distribution of the finite values of a column: ``edges`` has one more than ``counts``."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class DataCheckReport(FrozenModel):
    """All findings of a check."""

    rows: int
    columns: tuple[str, ...]
    counts: dict[str, int]
    """Number of all findings of each detector; ``findings`` keeps the worst of each."""
    model_free: tuple[str, ...]
    """The detectors that train no model: their findings are equal on every machine."""
    findings: tuple[DataFinding, ...]
    """Worst first."""
    cells: dict[str, tuple[str | None, ...]]
    """The rows of the findings by their hash, cells as text in the order of ``columns``."""
    pictures: dict[str, dict[str, str]] = {}
    """Row hash → column → ``data:`` address of the cell's picture, for some of the rows."""
    histograms: dict[str, Histogram]
    """Histograms of the numeric columns that have findings."""
    notes: tuple[str, ...]
    """The values that were sampled, replaced or left out, and why."""

    @property
    def blocking(self) -> tuple[DataFinding, ...]:
        """The findings that stop a build."""
        return tuple(finding for finding in self.findings if finding.blocking)

    @property
    def digest(self) -> str:
        """sha256 of the findings of the model-free detectors: equal on every machine."""
        findings = [f.model_dump() for f in self.findings if f.detector in self.model_free]
        return sha256_bytes(canonical_json(findings))


def worst_first(finding: DataFinding) -> tuple[bool, float, str, str, int, str]:
    """Sort key: blocking findings first, then by score; the rest makes the order deterministic."""
    row_index = -1 if finding.row is None else finding.row
    return (
        not finding.blocking,
        -finding.score,
        finding.detector,
        finding.part,
        row_index,
        finding.column or "",
    )
