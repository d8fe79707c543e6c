"""Labels as a file gives them, before they are matched with the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from packager.manifest.base import FileEntry


@dataclass(frozen=True)
class ImportedLabel:
    """One label by one annotator."""

    location: str
    """``line 3``, or ``task 17``: for messages."""
    key: tuple[str, ...]
    """One text for each column of ``ImportedLabels.key``; the row hash if it has none."""
    annotator: str
    label: str
    selection_probability: float | None = None
    """Probability with which the row was chosen for labelling: above 0, at most 1."""
    labelled_at: datetime | None = None
    """With an offset."""


@dataclass(frozen=True)
class ImportedLabels:
    """The labels of one file."""

    source: FileEntry
    key: tuple[str, ...]
    """The columns that identify a row; empty for the row hash."""
    labels: tuple[ImportedLabel, ...]
    skipped: Mapping[str, int]
    """Reason → number of rows or annotations without a label."""
