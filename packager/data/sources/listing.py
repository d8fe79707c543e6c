"""The files of a source of rows, and the purpose of each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from packager.data.csv_text import table_suffix
from packager.data.sources import numpy_files
from packager.data.sources.partitions import Partition, partitions_of
from packager.errors import UsageError
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

Format = Literal["csv", "parquet", "numpy", "files"]
"""``numpy``: arrays without a table; ``files``: each file is a row."""
_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    **dict.fromkeys(numpy_files.SUFFIXES, "numpy"),
}


@dataclass(frozen=True)
class SourceListing:
    """The files of a source of rows."""

    format: Format
    top: Path
    """The folder that paths are relative to."""
    table: tuple[Path, ...]
    """The files of the table, in reading order; of ``files`` the rows."""
    arrays: tuple[Path, ...] = ()
    """``.npy`` and ``.npz`` files: further columns of the table."""
    named: tuple[Path, ...] = ()
    """Files whose content is in the cells of a column that names them."""
    named_top: Path | None = None
    """The folder that the folders of ``named`` are relative to, if it is not ``top``."""
    partitions: tuple[Partition, ...] = ()
    """Columns of a Parquet table that the names of its folders hold."""

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file: the table's in reading order, then the others."""
        return (*self.table, *self.arrays, *self.named)

    def name(self, file: Path) -> str:
        """The posix path of ``file`` below ``top``."""
        return file.as_posix().removeprefix(self._prefix)

    @cached_property
    def _prefix(self) -> str:
        return f"{self.top.as_posix()}/"


def source_files(
    path: Path, reader: TableReadOptions = DEFAULT_OPTIONS, beside: Path | None = None
) -> SourceListing:
    """The files of a data source, in reading order (by relative posix path).

    In a folder, names that begin with ``.`` or ``_`` are skipped (Spark's ``_SUCCESS``). Raises
    ``UsageError`` for anything that isn't one table: no files, mixed formats, other suffixes, or
    ``key=value`` folders of anything but Parquet, whose values would be lost. ``reader`` says
    whether each file is a row, and which folders hold files that cells name; these are in
    ``beside``, or else in the source.
    """
    if reader.files is not None:
        return _rows(path)
    if path.is_file():
        form = _format(path)
        named = _named(beside or path.parent, reader)
        if form == "numpy":
            return SourceListing(form, path.parent, (), (path,), named, beside)
        return SourceListing(form, path.parent, (path,), (), named, beside)
    if not path.is_dir():
        raise UsageError(f"{path}: expected a file or a folder, found nothing")
    apart = {path / folder for folder in reader.folders.values()}
    files = _sorted(_visible(path, set(), apart))
    if not files:
        raise UsageError(f"{path}: expected .csv or .parquet files, got an empty folder")
    arrays = tuple(file for file in files if _format(file) == "numpy")
    tables = tuple(file for file in files if file not in set(arrays))
    formats = {_format(file): file for file in tables}
    if len(formats) > 1:
        names = " and ".join(formats[name].name for name in sorted(formats))
        raise UsageError(
            f"{path}: expected files of one format, got {names}",
            "keep the files of each format in a folder of their own",
        )
    form = next(iter(formats), "numpy")
    for file in files if form != "parquet" else arrays:
        _refuse_partition(path, file)
    partitions = partitions_of(path, tables) if form == "parquet" else ()
    named = _named(beside or path, reader)
    return SourceListing(form, path, tables, arrays, named, beside, partitions)


def has_table_suffix(file: Path) -> bool:
    """Whether a file's name ends like that of a table or of arrays."""
    suffix = file.suffix.lower()
    return suffix in _FORMATS or table_suffix(file) in (".csv", ".tsv")


def below(folder: Path, file: Path) -> str:
    """The posix path below ``folder`` of a file that was listed in it.

    A folder may have millions: ``Path.relative_to`` takes longer than reading a small file.
    """
    return file.as_posix().removeprefix(f"{folder.as_posix()}/")


def _sorted(files: Iterator[Path]) -> list[Path]:
    """The files of one folder by their posix paths below it."""
    return sorted(files, key=Path.as_posix)


def plain_files(folder: Path) -> list[Path]:
    """Every file below ``folder`` by its posix path; ``UsageError`` for a link.

    Names that begin with ``.`` or ``_`` are skipped.
    """
    return _sorted(_plain(folder))


def _rows(path: Path) -> SourceListing:
    if path.is_file():
        return SourceListing("files", path.parent, (path,))
    if not path.is_dir():
        raise UsageError(f"{path}: expected a folder whose files are the rows, found nothing")
    files = plain_files(path)
    if not files:
        raise UsageError(f"{path}: expected files, got an empty folder")
    return SourceListing("files", path, tuple(files))


def _named(top: Path, reader: TableReadOptions) -> tuple[Path, ...]:
    files: dict[Path, None] = {}
    for column, name in reader.folders.items():
        folder = top / name
        if folder.is_symlink() or not folder.is_dir():
            raise UsageError(
                f"[data.columns] {column}: expected the folder of its files at {folder}, got "
                f"{'a link' if folder.is_symlink() else 'nothing'}",
                "put the folder beside the table: `files` is relative to the table's folder",
            )
        files |= dict.fromkeys(plain_files(folder))
    return tuple(files)


def _plain(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "_")):
                continue
            if entry.is_symlink():
                raise UsageError(
                    f"{entry.path}: expected a file or a folder, got a link",
                    "copy what it points to in its place",
                )
            if entry.is_dir():
                yield from _plain(Path(entry.path))
            elif entry.is_file():
                yield Path(entry.path)


def _refuse_partition(path: Path, file: Path) -> None:
    """Refuse a file of another format than Parquet in a partition."""
    keyed = [part for part in file.relative_to(path).parent.parts if "=" in part]
    if keyed:
        raise UsageError(
            f"{file}: expected plain folders, got the partition {keyed[0]!r}",
            "write the table as Parquet, whose partitions are read as columns, or without "
            "partitions",
        )


def _format(file: Path) -> Format:
    suffix = file.suffix.lower()
    form = _FORMATS.get(suffix if suffix in numpy_files.SUFFIXES else table_suffix(file))
    if form is None or (form in ("parquet", "numpy") and _FORMATS.get(suffix) != form):
        raise UsageError(
            f"{file}: expected a .csv, .parquet, .npy or .npz file, got "
            f"{file.suffix or 'no suffix'!r}",
            "convert or rename it (.tsv, .csv.gz and the like are read too), move what isn't "
            "data out of the folder, or declare what the files are: `files` under [data] if each "
            "is a row, under [data.columns] if a table names them",
        )
    return form


def _visible(folder: Path, seen: set[Path], apart: Set[Path]) -> Iterator[Path]:
    """Files below ``folder`` but ``apart``; ``UsageError`` for a folder that links reach twice."""
    real = folder.resolve()
    if real in seen:
        raise UsageError(
            f"{folder}: expected each folder once, got a link to {real}, which is read already",
            "remove the link",
        )
    seen.add(real)
    for path in _entries(folder):
        if path.name.startswith((".", "_")) or path in apart:
            continue
        if path.is_dir():
            yield from _visible(path, seen, apart)
        elif path.is_file():
            yield path


def _entries(folder: Path) -> list[Path]:
    """The entries of ``folder``; ``UsageError`` if this user may not list it."""
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise UsageError(
            f"{folder}: expected a folder that user {os.getuid()} can read, got {error.strerror}",
            "allow it: chmod -R a+rX FOLDER",
        ) from error
