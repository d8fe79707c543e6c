"""Applying verdicts: a derived table, with a record of what it was made from.

The source is never touched: without its verdicts, the same command gives the same rows again.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from packager.cache import new_file
from packager.data import frames
from packager.data.fingerprint import fingerprint, row_hashes
from packager.errors import PackageError, UsageError
from packager.noun import FileEntry, Noun
from packager.review.verdicts import Verdict, digest

RECORD = ".derived.json"
CHAIN = 10
"""How often a row may be fixed again by a verdict on what it was fixed to."""


class Derived(Noun):
    """What a derived table was made from, beside it as ``NAME.derived.json``."""

    step: Literal["verdicts"] = "verdicts"
    parent: str
    """The source, relative to the derived table."""
    files: tuple[FileEntry, ...]
    """Of the source."""
    parent_rows: tuple[str, str]
    """The dfp/1 sums over the rows of the source."""
    verdicts: str
    """sha256 of the verdicts, without their reasons."""
    rows: int
    dropped: int
    fixed: int
    """Cells that were changed."""
    unused: tuple[str, ...]
    """Row hashes of verdicts that no row has."""


@dataclass(frozen=True)
class Changes:
    """What verdicts do to rows: which stay, and new cells by (position, column)."""

    kept: np.ndarray
    cells: dict[tuple[int, str], str]
    unused: tuple[str, ...]


def source_of(path: Path) -> Path:
    """The source of a derived table; any other file is its own source."""
    record = path.with_name(path.name + RECORD)
    if not record.is_file():
        return path
    parent = (path.parent / Derived.load(record).parent).resolve()
    if not parent.exists():
        raise PackageError(
            f"{path}: expected its source at {parent}, got nothing there",
            f"put it back, or remove {record.name} to take {path.name} as the source",
        )
    return parent


def apply_verdicts(source: Path, verdicts: Sequence[Verdict], output: Path) -> Derived:
    """Write the rows of ``source`` as the verdicts have them to ``output``, and its record beside.

    CSV cells that no verdict names keep their text. Raise ``UsageError`` where a verdict names a
    column that isn't there or a value that its column can't hold.
    """
    form, files = frames.source_files(source)
    if output.suffix.lower() != f".{form}":
        raise UsageError(f"--output {output}: expected a .{form} file, as the source is")
    if output.resolve() in [file.resolve() for file in files]:
        raise UsageError(f"--output {output}: expected another file than the source")
    frame = frames.read(source)
    changes = changes_of(frame, verdicts)
    top = source if source.is_dir() else source.parent
    derived = Derived(
        parent=_relative(source, output.parent),
        files=tuple(FileEntry.of(file, file.relative_to(top).as_posix()) for file in files),
        parent_rows=fingerprint(frame).rows,
        verdicts=digest(verdicts),
        rows=int(changes.kept.sum()),
        dropped=int((~changes.kept).sum()),
        fixed=len(changes.cells),
        unused=changes.unused,
    )
    with new_file(output) as new:
        if form == "csv":
            _write_csv(files, len(frame), changes, new)
        else:
            _changed(frame, changes).to_parquet(new, index=False)
    with new_file(output.with_name(output.name + RECORD)) as new:
        new.write_text(json.dumps(derived.model_dump(), indent=2) + "\n", encoding="utf-8")
    return derived


def changes_of(frame: pd.DataFrame, verdicts: Iterable[Verdict]) -> Changes:
    """What ``verdicts`` do to the rows of ``frame``.

    A verdict may also name the hash that a row has after another one fixed it.
    """
    by_hash: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_hash.setdefault(verdict.row_hash, []).append(verdict)
    kept = np.ones(len(frame), dtype=np.bool_)
    cells: dict[tuple[int, str], str] = {}
    used: set[str] = set()
    places, current = np.arange(len(frame)), frame
    for _ in range(CHAIN):
        hashes = [f"{value:016x}" for value in row_hashes(current).tolist()]
        fixed = []
        for place, row_hash in zip(places.tolist(), hashes, strict=True):
            for verdict in by_hash.get(row_hash, ()):
                if verdict.verdict == "drop" or (verdict.verdict == "once" and row_hash in used):
                    kept[place] = False
                if verdict.verdict == "fix":
                    cells[place, _column(verdict, frame)] = verdict.value
                    fixed.append(place)
            if row_hash in by_hash:
                used.add(row_hash)
        if not fixed:
            break
        places = np.unique(fixed)
        current = _fixed(frame, cells).iloc[places]
    return Changes(kept, cells, tuple(sorted(by_hash.keys() - used)))


def _column(verdict: Verdict, frame: pd.DataFrame) -> str:
    if verdict.column not in frame.columns:
        raise UsageError(
            f"verdict on row {verdict.row_hash}: expected a column of the data, "
            f"got {verdict.column!r}",
            f"its columns are {', '.join(map(str, frame.columns))}",
        )
    return verdict.column


def _changed(frame: pd.DataFrame, changes: Changes) -> pd.DataFrame:
    return _fixed(frame, changes.cells).loc[changes.kept].reset_index(drop=True)


def _fixed(frame: pd.DataFrame, cells: dict[tuple[int, str], str]) -> pd.DataFrame:
    """``frame`` with the new cells, in the types of its columns."""
    changed = frame.copy()
    for name in dict.fromkeys(column for _, column in cells):
        mine = {place: text for (place, column), text in cells.items() if column == name}
        column = frame[name]
        values = column.astype(object).to_numpy(copy=True)
        values[list(mine)] = [_value(text, column) for text in mine.values()]
        dtype = column.dtype
        if "" in mine.values() and pd.api.types.is_integer_dtype(dtype):
            dtype = np.dtype("float64")  # as a null among whole numbers is read
        changed[name] = pd.Series(values, index=frame.index).astype(dtype)
    return changed


def _value(text: str, column: pd.Series[Any]) -> Any:
    """A cell of a verdict as a value of its column."""
    types = pd.api.types
    if text == "":
        return pd.NaT if types.is_datetime64_any_dtype(column.dtype) else np.nan
    try:
        if types.is_bool_dtype(column.dtype):
            return {"true": True, "false": False}[text.strip().lower()]
        if types.is_integer_dtype(column.dtype):
            return int(text)
        if types.is_float_dtype(column.dtype):
            return float(text)
        if types.is_datetime64_any_dtype(column.dtype):
            return pd.Timestamp(text)
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"verdict: expected a value for column {column.name!r} ({column.dtype}), got {text!r}",
            "correct it in the verdicts",
        ) from error
    return text


def _write_csv(files: Sequence[Path], rows: int, changes: Changes, new: Path) -> None:
    """The records as they are written in the source, but for what the verdicts change."""
    with new.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        place = 0
        for number, file in enumerate(files):
            with file.open(encoding="utf-8-sig", newline="") as text:
                records = (cells for cells in csv.reader(text) if not _blank(cells))
                header = next(records)
                if number == 0:
                    writer.writerow(header)
                for cells in records:
                    if changes.kept[min(place, rows - 1)]:
                        writer.writerow(_cells(cells, header, place, changes))
                    place += 1
    if place != rows:
        raise PackageError(
            f"{files[0]}: expected {rows} records, got {place}",
            "some rows can't be told apart as text; save the table as Parquet and apply there",
        )


def _blank(cells: Sequence[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _cells(cells: list[str], header: Sequence[str], place: int, changes: Changes) -> Sequence[str]:
    return [
        changes.cells.get((place, name), cell)
        for name, cell in zip([*header, *[""] * (len(cells) - len(header))], cells, strict=False)
    ]


def _relative(source: Path, folder: Path) -> str:
    return Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix()
