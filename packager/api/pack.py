"""``packager.pack``: a package of a trained model, or of a function that trains one."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.api.model_package import ModelPackage
from packager.api.written_project import check_rows, write_model, write_training
from packager.build.context import BuildOptions
from packager.build.pipeline import build
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.export import NO_ENGINE, Destination
from packager.image.reference import open_reference
from packager.progress import Progress
from packager.project.config import load_project
from packager.report.console_progress import ConsoleProgress

COMPARED_ROWS = 1_000
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Differences of numbers that the packaged model may have."""


def pack(
    what: Any,
    rows: pd.DataFrame,
    *,
    target: str,
    name: str,
    output: str = "docker",
    options: BuildOptions = BuildOptions(),
) -> ModelPackage:
    """Package a trained model, or a function that trains one, with the rows ``rows``.

    ``what``: a model with ``predict``, or a function of features and target that returns one. What
    the session defines and it needs becomes a module. The project is written into the folder
    ``name``, where it can be seen, edited and committed; a further call renews its model, code and
    rows, and keeps package.toml and the requirements. Then it is built as ``package build`` builds
    it, into ``output``. A packaged model is compared with ``what`` on up to 1,000 rows.

    Raises ``PackageError`` for what can't be captured, named with its cell, and as a build does.
    """
    check_rows(rows, target)
    where, folder = _destination(output), Path(name)
    progress = ConsoleProgress()
    trains = inspect.isroutine(what)
    if trains:
        written = write_training(folder, what, rows, target)
    elif callable(getattr(what, "predict", None)):
        written = write_model(folder, what, rows, target)
    else:
        raise UsageError(
            f"expected a model with a method predict, or a function that trains one, got "
            f"{type(what).__name__}",
            "give the fitted model, or the function itself without calling it",
        )
    for file in written:
        progress.step(f"written: {folder / file}")
    engine = _engine(where)
    built = build(load_project(folder), where, engine, progress, options)
    ref = str(where.path) if where.path is not None else built.images[0].name
    with open_reference(ref, engine) as found:
        contained = engine is not None and found.lock().base != "none"
    package = ModelPackage(ref, local=not contained)
    if not trains:
        _compare(package, what, rows.drop(columns=target).head(COMPARED_ROWS), progress)
    return package


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
    here, there = np.asarray(model.predict(rows)), np.asarray(package.predict(rows))
    if here.dtype.kind == "f" and there.dtype.kind in "fiu":
        equal = np.isclose(here, there, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    else:
        equal = np.asarray([str(one) == str(other) for one, other in zip(here, there, strict=True)])
    different = np.flatnonzero(~equal)
    if len(different):
        row = int(different[0])
        raise PackageError(
            f"{package.ref}: expected the answers of the session's model, got others for "
            f"{len(different)} of {len(rows)} rows: row {row} is {here[row]!r} in the session and "
            f"{there[row]!r} in the package",
            "the packages of the session may have other versions than requirements.txt: see it",
        )
