"""A project that ``prepare`` wrote: what is in it, what it requires, and its build."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.api.given_rows import GivenRows
from packager.api.model_package import ModelPackage
from packager.api.notebook_view import page, table
from packager.api.requirement_table import requirement_frame
from packager.api.written_project import WrittenProject
from packager.build.context import BuildOptions
from packager.build.pipeline import build
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.export import NO_ENGINE, Destination
from packager.image.reference import open_reference
from packager.progress import Progress
from packager.project.config import load_project
from packager.report.notebook_progress import shown_progress

COMPARED_ROWS = 1_000
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Differences of numbers that the packaged model may have."""


class PreparedProject:
    """A folder with ``package.toml``, code, requirements, and a model or a recipe."""

    def __init__(
        self, folder: Path, written: WrittenProject, rows: GivenRows, model: Any | None
    ) -> None:
        self.folder = folder
        self.files = written.files
        """Names of the files that were written or renewed, sorted."""
        self.requirements: pd.DataFrame = requirement_frame(written.used, written.requirements)
        """A row for each module that code or model need: the line of the requirements file, or why
        there is none."""
        self._rows, self._model = rows, model

    def build(self, output: str = "docker", options: BuildOptions = BuildOptions()) -> ModelPackage:
        """Build the project as ``package build`` does, and open the package.

        ``output``: ``docker``, ``oci:DIR`` or ``docker-archive:FILE``. A model is compared with its
        package on up to 1,000 rows. Raises ``PackageError`` as a build does, and if an answer
        differs.
        """
        where = _destination(output)
        engine = _engine(where)
        with shown_progress(f"{self.folder.name}: from notebook to package") as progress:
            for file in self.files:
                progress.step(f"written: {self.folder.name}/{file}")
            self._warn(progress)
            built = build(load_project(self.folder), where, engine, progress, options)
            ref = built.images[0].name if where.path is None else str(where.path.absolute())
            with open_reference(ref, engine) as reference:
                contained = engine is not None and reference.lock().base != "none"
            package = ModelPackage(ref, local=not contained)
            if self._model is not None:
                rows = self._rows.features.head(COMPARED_ROWS)
                _compare(package, self._model, rows, progress)
            progress.step(f"packaged: {ref}")
        return package

    def _warn(self, progress: Progress) -> None:
        lacking = self.requirements.query("requirement == '' and note != ''")
        for module, note in zip(lacking["module"], lacking["note"], strict=True):
            progress.warn(f"{module}: {note}")

    def __str__(self) -> str:
        listed = "\n".join(f"  {name}" for name in self.files)
        shown = self.requirements.to_string(index=False)
        return f"{self.folder}\n{listed}\nrequirements\n{shown}"

    def __repr__(self) -> str:
        return f"PreparedProject({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        rows = self.requirements.to_numpy().tolist()
        return page(
            table(("written",), [(name,) for name in self.files], title=str(self.folder)),
            table(tuple(self.requirements.columns), rows, title="Requirements"),
        )


def _destination(output: str) -> Destination:
    where = Destination.parse(output)
    if where.kind == "registry":
        raise UsageError(
            f"output: expected docker, oci:DIR or docker-archive:FILE, got {output!r}",
            "build into an engine or a folder, and push it with `package push`",
        )
    return where


def _engine(where: Destination) -> Engine | None:
    engine = Engine.connect()
    if where.kind == "docker" and engine is None:
        raise PackageError("no Docker engine responds to put the image into", NO_ENGINE)
    return engine


def _compare(package: ModelPackage, model: Any, rows: pd.DataFrame, progress: Progress) -> None:
    """Raise ``PackageError`` if the packaged model answers otherwise than ``model`` does here."""
    progress.step(f"comparing the packaged model with the session's on {len(rows)} rows")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as scikit-learn's about names of columns
        here, there = np.asarray(model.predict(rows)), np.asarray(package.predict(rows))
    if here.dtype.kind == "f" and there.dtype.kind in "fiu":
        near = np.isclose(
            here.reshape(there.shape), there, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True
        )
        equal = near.reshape(len(rows), -1).all(axis=1)
    else:
        pairs = zip(here, there, strict=True)
        equal = np.asarray([str(one) == str(other) for one, other in pairs])
    different = np.flatnonzero(~equal)
    if len(different):
        row = int(different[0])
        raise PackageError(
            f"{package.ref}: expected the answers of the session's model, got others for "
            f"{len(different)} of {len(rows)} rows: row {row} is {here[row]!r} in the session and "
            f"{there[row]!r} in the package",
            "the packages of the session may have other versions than requirements.txt: see it",
        )
