"""Declarations that ``package init`` writes for arrays, lists and files: what a table holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from packager.data.sources.listing import has_table_suffix, plain_files
from packager.manifest.manifest import Column
from packager.manifest.read_options import ColumnReading, FileRows, toml_text

MAX_CHECKED = 100
"""Cells of a column that are looked up among the files of a folder."""


def rows_of_files(data: Path) -> FileRows | None:
    """Rows that the files of a folder make; None for anything but a folder without a table.

    Folders in it name classes.
    """
    if not data.is_dir() or _holds_table(data):
        return None
    files = plain_files(data)
    if not files:
        return None
    classes = all(file.parent != data for file in files)
    return FileRows(content="content", folder="label" if classes else None)


def folders_beside(data: Path) -> list[str]:
    """The folders beside the tables of a folder that hold files of other kinds only."""
    if not data.is_dir():
        return []
    inside = (one for one in data.iterdir() if one.is_dir() and not one.name.startswith((".", "_")))
    return sorted(folder.name for folder in inside if not _holds_table(folder))


def first_table(data: Path) -> Path | None:
    """The first table at the top of a folder."""
    return next((file for file in sorted(data.iterdir()) if has_table_suffix(file)), None)


def named_folder(cells: Iterable[object], data: Path, folders: Iterable[str]) -> str | None:
    """The folder in which every cell names a file; None if there is none."""
    names = [cell for cell in cells if isinstance(cell, str)][:MAX_CHECKED]
    if not names or any(Path(name).is_absolute() or ".." in Path(name).parts for name in names):
        return None
    return next(
        (folder for folder in folders if all((data / folder / name).is_file() for name in names)),
        None,
    )


def files_line(files: FileRows | None) -> str:
    """The line of ``[data]`` that makes files rows; empty if they aren't."""
    if files is None:
        return ""
    folder = f", folder = {toml_text(files.folder)}" if files.folder else ""
    return f"files = {{ content = {toml_text(files.content)}{folder} }}\n"


def declarations(columns: Iterable[Column], reading: Mapping[str, ColumnReading]) -> str:
    """``[data.columns]`` of the arrays, lists and bytes among ``columns``; empty if none."""
    lines = [line for column in columns if (line := _line(column, reading.get(column.name)))]
    return "\n[data.columns]\n" + "\n".join(lines) + "\n" if lines else ""


def _line(column: Column, reading: ColumnReading | None) -> str:
    name, element = toml_text(column.name), toml_text(column.element or "")
    if column.kind == "array":
        shape = ", ".join(map(str, column.shape or ()))
        return f'{name} = {{ kind = "array", shape = [{shape}], element = {element} }}'
    if column.kind == "list" and column.element is not None:
        return f'{name} = {{ kind = "list", element = {element} }}'
    if column.kind == "bytes":
        files = f", files = {toml_text(reading.files)}" if reading and reading.files else ""
        return f'{name} = {{ kind = "bytes"{files} }}'
    return ""


def _holds_table(folder: Path) -> bool:
    return any(has_table_suffix(file) for file in folder.rglob("*"))
