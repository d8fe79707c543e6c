"""Resolves a path to data files and read options: a data file, or a project with data."""

from __future__ import annotations

from pathlib import Path

from packager.errors import UsageError
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions
from packager.project.config import FILENAME, load_project


def read_by_project(path: Path) -> tuple[Path, TableReadOptions]:
    """The data path and read options of the project at ``path``; any other path unchanged.

    Raises ``UsageError`` for a project without data files.
    """
    if path.name != FILENAME and not (path / FILENAME).is_file():
        return path, DEFAULT_OPTIONS
    project = load_project(path)
    if project.data is None or project.table is not None or project.dvc is not None:
        named = project.table or project.data.source if project.data else None
        got = f"the table {named}" if project.table else f"{named}, which DVC tracks"
        got = "none" if named is None else got
        raise UsageError(f"{path}: expected a project with files of data, got {got}")
    return project.path(project.data.source), project.data.reader
