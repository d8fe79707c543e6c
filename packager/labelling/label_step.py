"""The step of a derived table whose labels are made from those of its parent."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.commit import scheme_named
from packager.tables.labels.store import Labels


@dataclass(frozen=True)
class LabelStep(ABC):
    """The rows of the only parent, with labels of a new scheme made from those of another."""

    location: Location
    """The parent, for messages."""
    source: str
    """Name of the parent's scheme."""

    @property
    @abstractmethod
    def text(self) -> str:
        """Name of the step in the lineage; functions have a colon in theirs, so it is unique."""

    @property
    @abstractmethod
    def made(self) -> str:
        """Name of the new scheme."""

    @abstractmethod
    def digest(self, directory: Path) -> str:
        """sha256 of all that decides the labels, but for the parent's."""

    @abstractmethod
    def labels_of(self, held: Labels, scheme: LabelScheme) -> Labels:
        """The new labels, from those of ``scheme`` among the parent's."""

    @property
    def reads_labels(self) -> bool:
        """Whether the labels of the parent decide."""
        return True

    @property
    def params(self) -> dict[str, str]:
        """The names of both schemes."""
        return {"from": self.source, "to": self.made}

    def run(self, parents: Sequence[Path], out: Path, directory: Path) -> None:
        """Copy the rows of the only parent."""
        del directory
        shutil.copyfile(parents[0], out)

    def labels(self, parents: Sequence[Labels | None]) -> Labels:
        """The labels of the table; ``UsageError`` if they can't be made."""
        held = parents[0]
        scheme = scheme_named(held, self.source, self.location)
        assert held is not None
        return self.labels_of(held, scheme)
