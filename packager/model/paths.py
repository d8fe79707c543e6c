"""Paths inside the image, or below a root folder outside a container."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Root:
    """The root of a package's file tree: ``/`` in an image, any folder outside one."""

    path: Path

    @classmethod
    def from_environment(cls) -> Root:
        """The root that ``MODEL_ROOT`` names; ``/`` if it is unset or empty."""
        return cls(Path(os.environ.get("MODEL_ROOT") or "/"))

    @property
    def code(self) -> Path:
        """The project's files; the working directory of the server and the worker."""
        return self.path / "code"

    @property
    def models(self) -> Path:
        """The folder that contains only the model."""
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
        """The folder with the project's data files (companion only)."""
        return self.path / "data" / "source"

    @property
    def test(self) -> Path:
        """The folder with the held-out file, if the split names one (companion only)."""
        return self.path / "data" / "test"

    @property
    def new(self) -> Path:
        """New data to test the package on."""
        return self.path / "data" / "new"

    @property
    def labels(self) -> Path:
        """The folder with right answers for the new data, which came later."""
        return self.path / "data" / "labels"

    @property
    def retrained(self) -> Path:
        """The output of a second training in a separate process: result.json and model."""
        return self.path / "retrained"
