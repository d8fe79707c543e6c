"""Reads a file of requirements in the format that its name says, as lines as pip reads them."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.pylock import is_valid_pylock_path

from packager.confinement import small_text
from packager.environment.formats import values
from packager.environment.formats.selection import DependencySelection
from packager.environment.other_tools import refuse_other_formats

YAML = (".yml", ".yaml")
CONDA = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
PROJECT = "pyproject.toml"
CHOOSING = "pyproject.toml, uv.lock, poetry.lock and pylock.toml"
"""The formats that have extras and groups."""


def is_translated(file: Path) -> bool:
    """Whether a file is in another format than pip's, by its name."""
    return has_extras(file) or file.suffix in YAML


def has_extras(file: Path) -> bool:
    """Whether the format of a file has extras and groups."""
    return file.name in (PROJECT, "uv.lock", "poetry.lock") or is_valid_pylock_path(file)


def is_lock(file: Path) -> bool:
    """Whether a file is a lock, which nobody writes by hand."""
    return has_extras(file) and file.name != PROJECT


def text_of(file: Path, top: Path, selection: DependencySelection | None) -> str:
    """The text of a file of pip, or the lines of one in another format, of the project ``top``.

    Raises ``UsageError`` for what is not in the format, or does not fit ``selection``.
    """
    refuse_other_formats(file, is_read=is_translated(file))
    if not is_translated(file):
        small_text(file, file.name)
        return values.bounded_text(file, marked=True)
    if selection is None:
        raise ValueError(f"{file.name}: expected a target to read it for")
    return "".join(f"{line}\n" for line in _lines(file, top, selection))


def _lines(file: Path, top: Path, selection: DependencySelection) -> list[str]:
    # imported here: most projects have a requirements.txt
    from packager.environment.formats import conda, poetry_lock, pylock, pyproject, uv_lock

    if file.suffix in YAML:
        content = conda.parsed_yaml(
            values.bounded_text(file, values.MAX_YAML, marked=True), file.name
        )
        return conda.lines(content, selection, file.name)
    table = values.read_toml(file, top)
    if is_valid_pylock_path(file):
        return pylock.lines(table, selection, file.name)
    if file.name == PROJECT:
        return pyproject.lines(table, selection, file.parent)
    beside = file.with_name(PROJECT)
    project = values.read_toml(beside, top) if beside.is_file() else None
    if file.name == "uv.lock":
        return uv_lock.lines(table, selection, project, file.parent)
    return poetry_lock.lines(table, selection, project or {})


def _lists_packages(file: Path) -> bool:
    """Whether a YAML file is one of conda."""
    return (
        re.search(r"^dependencies:", values.bounded_text(file, marked=True), re.MULTILINE)
        is not None
    )


def found_in(folder: Path) -> list[str]:
    """The names of the files in ``folder`` that hold a project's requirements.

    A lock stands for the ``pyproject.toml`` that it was made from.
    """
    names = ["requirements.txt", "uv.lock", "poetry.lock", *CONDA]
    present = [name for name in names if (folder / name).is_file()]
    present = [name for name in present if name not in CONDA or _lists_packages(folder / name)]
    present += sorted(
        path.name for path in folder.glob("pylock*.toml") if is_valid_pylock_path(path)
    )
    own = folder / PROJECT
    if not {"uv.lock", "poetry.lock"} & set(present) and own.is_file():
        from packager.environment.formats import pyproject  # imports poetry-core

        present += [PROJECT] if pyproject.is_declared(values.read_toml(own, folder)) else []
    return present
