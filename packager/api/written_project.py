"""The project that ``pack`` writes: what ``package init`` writes, of a session's objects."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.api.captured_project import HEADER, MODEL, ROWS, CapturedProject
from packager.api.given_rows import GivenRows
from packager.cache import atomic_file, check_writable, temporary_directory, writing
from packager.errors import PackageError, UsageError
from packager.project.config import FILENAME, Project, load_project
from packager.project.existing_code import REQUIREMENTS, init_existing
from packager.project.from_model import init_from_model
from packager.project.pickles import refuse_pickles
from packager.project.requirement_edits import Edits, edited
from packager.project.scaffold import quoted
from packager.project.used_packages import UsedPackages, used_packages


@dataclass(frozen=True)
class WrittenProject:
    """A project's folder, what was written there, and what was found to be required."""

    files: tuple[str, ...]
    """Names of new and renewed files, sorted."""
    used: UsedPackages
    requirements: str
    """The text of the requirements file."""


def write_captured(
    folder: Path, captured: CapturedProject, rows: GivenRows, edits: Edits | None
) -> WrittenProject:
    """Write a new project into ``folder``, or renew model, code and rows of the one there.

    A new project is written whole or not at all. ``package.toml`` and the requirements of one that
    is there stay as they are, but for ``edits`` and the version of a table. Raises ``UsageError``
    for a folder with other files, and for a project of another kind.
    """
    if (folder / FILENAME).is_file():
        return _renewed(folder, captured, rows, edits)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder}: expected a new folder, or a project that pack wrote, got other files",
            "choose another name, such as name='models/churn' for a folder in a folder",
        )
    check_writable(folder)
    parent = next(place for place in folder.parents if place.is_dir())
    with writing(folder), tempfile.TemporaryDirectory(dir=parent, prefix=".pack-") as place:
        new = Path(place) / folder.name
        new.mkdir()
        _write_code(new, captured)
        used = _used(new, captured)
        text = edited(used.text, edits)
        with _this_environment():
            if captured.pickle is not None:
                _init_model(new, captured, rows, text)
            else:
                (new / REQUIREMENTS).write_text(text, encoding="utf-8")
                init_existing(new, rows.data, rows.target)
        _include(new / FILENAME, captured)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new, folder)
    files = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
    return WrittenProject(tuple(files), used, text)


def _init_model(new: Path, captured: CapturedProject, rows: GivenRows, requirements: str) -> None:
    task = rows.task(captured.model)
    with temporary_directory() as folder:
        file = folder / Path(MODEL).name
        file.write_bytes(captured.pickle or b"")
        _check_pickle(file)
        targets = () if rows.target is None else (rows.target,)
        init_from_model(new, file, rows.data, targets, requirements, task)


def _include(toml: Path, captured: CapturedProject) -> None:
    """Declare files that the code reads in the folder of the data, which is no code otherwise."""
    path = f"{Path(ROWS).parent}/"
    names = [quoted(name) for name in captured.files if name.startswith(path)]
    if names:
        with toml.open("a", encoding="utf-8") as file:
            file.write(f"\n[image]\ninclude = [{', '.join(names)}]\n")


def _check_pickle(file: Path) -> None:
    """Raise ``PackageError`` for a model that would call a library's function when it is loaded."""
    try:
        refuse_pickles(file, "the model")
    except PackageError as error:
        raise PackageError(
            error.message,
            "write what it does as a function of your own, with `def` in a cell, and make the "
            "model with that: functions of the project's code are allowed",
        ) from error


def _renewed(
    folder: Path, captured: CapturedProject, rows: GivenRows, edits: Edits | None
) -> WrittenProject:
    """Renew a project; everything is checked before the first file is written."""
    project = load_project(folder)
    _check_kind(project, captured, rows)
    _check_own(folder, captured.code)
    source = project.data.source if project.data else ""
    toml = folder / FILENAME
    settings = _with_source(toml, source, rows)
    requirements = project.path(project.requirements_file)
    before = requirements.read_text(encoding="utf-8")
    text = edited(before, edits)
    written = [*captured.code, *captured.files]
    _write_code(folder, captured)
    if settings is not None:
        _renew(toml, settings.encode())
        written.append(FILENAME)
    if captured.pickle is not None and project.model is not None:
        _renew(project.path(project.model.path), captured.pickle)
        written.append(project.model.path)
    if rows.data.copied is not None:
        _renew(folder / ROWS, rows.data.copied.read_bytes())
        written.append(ROWS)
    if text != before:
        _renew(requirements, text.encode())
        written.append(requirements.name)
    return WrittenProject(tuple(sorted(written)), _used(folder, captured), text)


def _check_kind(project: Project, captured: CapturedProject, rows: GivenRows) -> None:
    trains, has_recipe = captured.pickle is None, project.recipe is not None
    kinds = {True: "a function that trains", False: "a trained model"}
    if trains is not has_recipe:
        raise UsageError(
            f"{project.directory}: expected {kinds[has_recipe]}, which its package.toml packages, "
            f"got {kinds[trains]}",
            "choose another name for it",
        )
    target = project.data.target if project.data else None
    if target is not None and target != rows.target:
        raise UsageError(
            f"target: expected {target!r}, which {project.directory / FILENAME} names, got "
            f"{rows.target!r}",
            "change it there, or choose another name",
        )


def _check_own(folder: Path, code: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for a file that would be overwritten and that ``pack`` did not write."""
    for name in code:
        file = folder / name
        if file.exists() and not file.read_text(encoding="utf-8").startswith(HEADER):
            raise UsageError(
                f"{file}: expected a file that pack wrote, got another one, which stays",
                "build your own changes with `package build`, or choose another name",
            )


def _with_source(toml: Path, source: str, rows: GivenRows) -> str | None:
    """``package.toml`` with another source of data; None if it has this one.

    Raises ``UsageError`` if it has another table or file than before.
    """
    new = rows.data.source
    if source == new:
        return None
    text = toml.read_text(encoding="utf-8")
    if source.rpartition("@")[0] != new.rpartition("@")[0] or "@" not in new:
        raise UsageError(
            f"{toml}: expected the data {new}, got {source} there",
            f"write source = {quoted(new)} into it, or choose another name",
        )
    return text.replace(quoted(source), quoted(new), 1)


def _write_code(folder: Path, captured: CapturedProject) -> None:
    for name, text in captured.code.items():
        _renew(folder / name, text.encode())
    for name, file in captured.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / name)


def _used(folder: Path, captured: CapturedProject) -> UsedPackages:
    """The requirements of the written code and the model, found as by ``package init``."""
    with _this_environment():
        code = [folder / name for name in captured.code]
        return used_packages(code, folder, captured.modules)


@contextmanager
def _this_environment() -> Iterator[None]:
    """Requirements are looked up where this Python has its packages, as a kernel's are."""
    before = os.environ.get("VIRTUAL_ENV")
    os.environ["VIRTUAL_ENV"] = sys.prefix
    try:
        yield
    finally:
        if before is None:
            del os.environ["VIRTUAL_ENV"]
        else:
            os.environ["VIRTUAL_ENV"] = before


def _renew(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as new:
        new.write_bytes(content)
