"""The record of where a model that MLflow saved came from, in a project and in a package."""

from __future__ import annotations

from typing import Any

from packager.manifest.base import FrozenModel

FILE = "origin.json"
"""In ``/package``."""
PROJECT_FILE = "mlflow.json"


class ModelOrigin(FrozenModel):
    """MLflow's record of a model."""

    address: str | None = None
    """``models:/NAME@ALIAS`` as it was asked for; None for a folder."""
    server: str | None = None
    """Without credentials."""
    name: str | None = None
    version: str | None = None
    aliases: tuple[str, ...] = ()
    run: str | None = None
    run_name: str | None = None
    model_id: str | None = None
    program: str | None = None
    """The script or notebook of the run."""
    commit: str | None = None
    metrics: dict[str, float | str] = {}
    """As the run logged them; ``NaN`` and infinities as text."""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    left_out: tuple[str, ...] = ()
    """Parameters, tags and other facts that look like credentials."""
    flavors: tuple[str, ...]
    mlflow: str
    """The version that saved the model."""
    columns: dict[str, str]
    """Input column → type in the signature."""
    optional: tuple[str, ...] = ()
    """The columns that the signature does not require."""
    sha256: str
    """Of the names and digests of the folder's files."""
    files: int
    size: int
    """Bytes."""
    examples: tuple[dict[str, Any], ...] = ()
    """Rows of the input example."""

    @property
    def called(self) -> str:
        """Its name for people."""
        if self.name is not None:
            return f"{self.name} version {self.version}"
        return self.model_id or (f"run {self.run}" if self.run else "a folder that MLflow saved")
