"""``package init`` in a folder that has code: writes what it lacks, and changes no file."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.confinement import small_text
from packager.environment.formats.files import found_in
from packager.environment.imported_modules import NOTEBOOK
from packager.errors import UsageError
from packager.project.code_files import python_files
from packager.project.config import FILENAME
from packager.project.given_data import GivenData
from packager.project.scaffold import (
    STARTER_REQUIREMENTS,
    choose_target,
    fill,
    package_name,
    quoted,
    starter_files,
    torch_line,
    write_project,
)
from packager.project.training_project import task_of_target
from packager.project.used_packages import used_packages

REQUIREMENTS = "requirements.txt"
TABLES = (".csv", ".tsv", ".parquet")
RECIPE = "train"
MIN_PARAMETERS = 2
"""Of a recipe's function: features and target."""


@dataclass(frozen=True)
class WrittenFiles:
    """The files that were written, sorted, and what to tell about them."""

    files: list[str]
    notes: tuple[str, ...]


def init_existing(
    directory: Path, data: Path | GivenData | None, target: str | None
) -> WrittenFiles | None:
    """Write the requirements file, and ``package.toml``, that code in ``directory`` lacks.

    The requirements are what the code imports. Without a recipe in the code, and a ``train.py``,
    the starter's is written, too. None if the folder has no code, or is to get a recipe for
    ``data``. Raises ``UsageError`` if nothing is missing.
    """
    code = python_files(directory.resolve()) if directory.is_dir() else []
    notebooks = python_files(directory.resolve(), NOTEBOOK) if directory.is_dir() else []
    recipe = _recipe(code, directory.resolve())
    if not (code or notebooks) or (data is not None and recipe is None):
        return None
    content, notes = dict[str, str](), list[str]()
    copies: dict[str, Path] = {}
    there = found_in(directory)
    if not there:
        used = used_packages([*code, *notebooks], directory.resolve())
        content[REQUIREMENTS], notes = used.text, [*used.notes]
    else:
        notes.append(f"requirements are those of {' and '.join(there)}, which is there already")
    if not (directory / FILENAME).exists():
        if recipe is None and not (directory / f"{RECIPE}.py").exists():
            requirements = content.pop(REQUIREMENTS, None)
            content = starter_files(directory, there[0] if there else REQUIREMENTS)
            del content[REQUIREMENTS]
            content |= {} if requirements is None else {REQUIREMENTS: _with_starter(requirements)}
        else:
            values, messages, copies = _configured(directory, recipe, there, data, target)
            torch = _torch(directory, content)
            content[FILENAME] = fill("existing.toml", {**values, "torch": torch})
            notes += messages
    if not content:
        raise UsageError(f"{directory / FILENAME}: exists already", "name an empty or a new folder")
    return WrittenFiles(write_project(directory, content, copies), tuple(notes))


def _with_starter(text: str) -> str:
    """Requirements with those of the starter's recipe, as far as they are absent."""
    named = {line.partition("==")[0] for line in text.splitlines()}
    more = (line for line in STARTER_REQUIREMENTS if line.partition(">")[0] not in named)
    return text + "".join(f"{line}\n" for line in more)


def _configured(
    directory: Path,
    recipe: str | None,
    requirements: Sequence[str],
    data: Path | GivenData | None,
    target: str | None,
) -> tuple[dict[str, str], list[str], dict[str, Path]]:
    """The values of ``package.toml``'s template, notes, and what is copied: inside → file."""
    tables = _tables(directory) if data is None else []
    if len(tables) == 1:
        data = tables[0]
    source, task, notes, copies = "data/TABLE.csv", "classification", list[str](), dict[str, Path]()
    column = target or "TARGET"
    read = ""
    if data is not None:
        given_data = data if isinstance(data, GivenData) else _given(data, directory)
        column = choose_target(given_data.name, given_data.preview.names, target)
        task = task_of_target(given_data.preview, column)
        source, copies = given_data.source, given_data.copies
        read = given_data.options(column)
        notes.append("task guessed" if target else "task and target guessed: see package.toml")
    else:
        notes.append(f"write the table and its target into [data] of {FILENAME}")
    if recipe is None:
        notes.append(f"write `def train(features, target, *, params, seed)` into {RECIPE}.py")
    values = {
        "name": package_name(directory),
        "task": task,
        "source": quoted(source),
        "target": quoted(column),
        "read": read,
        "train": quoted(recipe or f"{RECIPE}:{RECIPE}"),
        "requirements": quoted(requirements[0] if requirements else REQUIREMENTS),
    }
    return values, notes, copies


def _given(file: Path, directory: Path) -> GivenData:
    """A table in the project, or one that is copied into it."""
    if file.resolve().is_relative_to(directory.resolve()):
        return GivenData.referenced(file, directory)
    return GivenData.copied_from(file)


def _torch(directory: Path, content: Mapping[str, str]) -> str:
    """``torch_line`` for the requirements file that is there, or is written."""
    file = directory / REQUIREMENTS
    if REQUIREMENTS in content:
        return torch_line(content[REQUIREMENTS])
    return torch_line(small_text(file, file.name)) if file.is_file() else ""


def _tables(directory: Path) -> list[Path]:
    """The tables in the folder and in its ``data``."""
    paths = [*directory.glob("*"), *directory.glob("data/*")]
    return sorted(p for p in paths if p.suffix in TABLES and p.is_file() and not p.is_symlink())


def _recipe(code: Sequence[Path], top: Path) -> str | None:
    """``module:train`` of a function for training; of several the one nearest to ``top``."""
    for file in sorted(code, key=lambda path: (len(path.parts), path.stem != RECIPE, path)):
        try:
            body = ast.parse(file.read_bytes()).body
        except (SyntaxError, ValueError, RecursionError):
            continue
        if any(isinstance(node, ast.FunctionDef) and _trains(node) for node in body):
            inside = file.relative_to(top / "src" if (top / "src") in file.parents else top)
            return f"{'.'.join(inside.with_suffix('').parts)}:{RECIPE}"
    return None


def _trains(node: ast.FunctionDef) -> bool:
    return node.name == RECIPE and len(node.args.posonlyargs + node.args.args) >= MIN_PARAMETERS
