"""``packager.pack`` and ``packager.prepare``: from a model or a function to a package."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import pandas as pd

from packager.api.captured_project import captured_project
from packager.api.given_rows import given_rows
from packager.api.model_package import ModelPackage
from packager.api.prepared_project import PreparedProject
from packager.api.written_project import write_captured
from packager.build.context import BuildOptions
from packager.capture.session import current_session
from packager.errors import PackageError, UsageError

FIRST_ROWS = 5


class ProjectOptions(TypedDict, total=False):
    """Options of ``prepare``."""

    requirements: Sequence[str] | Mapping[str, str | None] | None
    table: str | None


class PackOptions(ProjectOptions, total=False):
    """Further options of ``pack``."""

    options: BuildOptions


def pack(
    what: Any,
    rows: pd.DataFrame | str | Path,
    *,
    target: str,
    name: str,
    output: str = "docker",
    **more: Unpack[PackOptions],
) -> ModelPackage:
    """Package a trained model, or a function that trains one, with ``rows``.

    ``prepare`` and ``build`` in one call: see ``prepare`` for what is written, ``requirements`` and
    ``table``, and ``PreparedProject.build`` for ``output`` and ``options``.
    """
    options = more.pop("options", BuildOptions())
    project = prepare(what, rows, target=target, name=name, **cast(ProjectOptions, more))
    return project.build(output, options)


def prepare(
    what: Any,
    rows: pd.DataFrame | str | Path,
    *,
    target: str,
    name: str,
    requirements: Sequence[str] | Mapping[str, str | None] | None = None,
    table: str | None = None,
) -> PreparedProject:
    """Write the project of a trained model, or of a function that trains one; build nothing.

    ``what``: a model with ``predict``, or a function of features and target that returns one. What
    the session defines and it needs becomes a module, and the user's own modules that it imports
    are copied. ``rows``: a frame, which is copied, or a file of data or ``TABLE@VERSION``, which
    the project names where it is. The project is written into the folder ``name``, where it can be
    seen, edited and committed; a further call renews its model, code and rows, and keeps
    package.toml and the requirements.

    ``requirements``: lines in place of those found, ``["xgboost-cpu==3.2.0"]``, or package →
    version, ``{"xgboost-cpu": "3.2.0", "pandas": None}``, where None leaves one out. ``table``:
    the table that gets the frame as its next version, which the project names.

    Raises ``PackageError`` for what can't be captured, named with its cell, and ``UsageError`` for
    rows that are not those of the model.
    """
    folder = _folder(name)
    session = current_session()
    captured = captured_project(what, folder, session)
    trains = captured.pickle is None
    with given_rows(rows, target, None if trains else what, folder, table) as row_files:
        if not trains:
            _check_answers(what, row_files.features.head(FIRST_ROWS), session.cell_of(what))
        written = write_captured(folder, captured, row_files, requirements)
    return PreparedProject(folder, written, row_files, None if trains else what)


def _folder(name: str) -> Path:
    try:
        return Path(name).absolute()
    except FileNotFoundError as error:
        raise UsageError(
            f"name={name!r}: expected a working directory, to which it is relative, got one that "
            "was removed",
            "call os.chdir with a folder that exists, or give an absolute path",
        ) from error


def _check_answers(model: Any, rows: pd.DataFrame, cell: str) -> None:
    """Raise ``PackageError`` if the model gives no answer for rows as the package will get them.

    ``cell``: the model's name and where it was made, as far as they are known.
    """
    called = f"{cell}: {type(model).__name__}" if cell else type(model).__name__
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as scikit-learn's about names of columns
            answers = model.predict(rows)
    except Exception as error:  # the model's own
        raise PackageError(
            f"{called}.predict: expected answers for the rows without their target, "
            f"got {type(error).__name__}{f': {error}'[:300] if str(error) else ''}",
            "give the rows as the model gets them, or pack a pipeline that begins with your steps",
        ) from error
    if len(answers) != len(rows):
        raise PackageError(
            f"{called}.predict: expected an answer for each of {len(rows)} rows, got "
            f"{len(answers)}",
            "package a model whose predict answers row by row",
        )
