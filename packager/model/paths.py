"""Where things lie inside the image, or below a root folder when there is no container."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Root:
    """The root of a package's file tree: ``/`` in an image, any folder without one."""

    path: Path

    @classmethod
    def from_environment(cls) -> Root:
        """The root that ``MODEL_ROOT`` names; ``/`` where it is unset."""
        return cls(Path(os.environ.get("MODEL_ROOT") or "/"))

    @property
    def code(self) -> Path:
        """The project's files; the working directory of whatever runs here."""
        return self.path / "code"

    @property
    def models(self) -> Path:
        """The folder that holds the model, and nothing else."""
        return self.path / "models"

    @property
    def model(self) -> Path:
        """The model: a file or a folder."""
        return self.models / "model"

    @property
    def package(self) -> Path:
        """Manifest, lock, profile, fingerprint, golden rows."""
        return self.path / "package"

    @property
    def source(self) -> Path:
        """The folder with the rows as the project names them (companion only)."""
        return self.path / "data" / "source"

    @property
    def test(self) -> Path:
        """The folder with the held-out file, where the split names one (companion only)."""
        return self.path / "data" / "test"

    @property
    def again(self) -> Path:
        """What a second training left, where it ran apart: result.json and model."""
        return self.path / "again"
