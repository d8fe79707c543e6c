"""Apply verdicts to a file: write a derived file and a record of its source.

The source is not changed, so the same command without verdicts writes its rows again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pyarrow import parquet

from packager.cache import atomic_file
from packager.data import frames
from packager.data.csv_files import csv_records
from packager.data.csv_text import separator_of, table_suffix
from packager.data.csv_writer import csv_writer
from packager.data.fingerprint import fingerprint
from packager.data.parquet_files import arrow_table
from packager.data.sources.table import SourceTable
from packager.errors import PackageError, UsageError
from packager.manifest.base import FileEntry, FrozenModel
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions
from packager.review.corrections import Corrections, corrected_table, corrections_of
from packager.review.verdicts import Verdict, digest

RECORD = ".derived.json"


class CorrectedFile(FrozenModel):
    """Record of a derived file, next to it as ``NAME.derived.json``."""

    step: Literal["verdicts"] = "verdicts"
    parent: str
    """Path of the source, relative to the derived file."""
    files: tuple[FileEntry, ...]
    """Files of the source."""
    parent_rows: tuple[str, str]
    """The dfp/1 sums over the rows of the source."""
    verdicts: str
    """sha256 of the verdicts, without their reasons."""
    rows: int
    dropped: int
    fixed: int
    """Number of changed cells."""
    unused: tuple[str, ...]
    """Row hashes of verdicts that match no row."""


def source_of(path: Path) -> Path:
    """The source of a derived file; ``path`` itself if it is not derived.

    Raise ``PackageError`` if the source is missing.
    """
    record = path.with_name(path.name + RECORD)
    if not record.is_file():
        return path
    parent = (path.parent / CorrectedFile.load(record).parent).resolve()
    if not parent.exists():
        raise PackageError(
            f"{path}: expected its source at {parent}, which does not exist",
            f"put it back, or remove {record.name} to take {path.name} as the source",
        )
    return parent


def apply_verdicts(
    source: Path,
    verdicts: Sequence[Verdict],
    output: Path,
    reader: TableReadOptions = DEFAULT_OPTIONS,
) -> CorrectedFile:
    """Write the corrected rows of ``source`` to ``output``, and the record next to it.

    CSV cells without a verdict keep their text. Raise ``UsageError`` if a verdict names an absent
    column or a value that its column can't hold.
    """
    table = SourceTable(source, reader)
    listing = table.files
    if listing.format not in ("csv", "parquet") or len(listing.all) > len(listing.table):
        raise UsageError(
            f"{source}: expected a CSV or Parquet table to correct, got one with arrays or files "
            "beside it",
            "correct the files themselves",
        )
    form, files = listing.format, listing.table
    suffix = table_suffix(files[0])
    if output.suffix.lower() != suffix:
        raise UsageError(f"--output {output}: expected a {suffix} file, as the source is")
    if output.resolve() in [file.resolve() for file in files]:
        raise UsageError(f"--output {output}: expected another file than the source")
    frame = frames.read(source, reader)
    changes = corrections_of(frame, verdicts)
    derived = CorrectedFile(
        parent=_relative(source, output.parent),
        files=tuple(FileEntry.of(file, listing.name(file)) for file in files),
        parent_rows=fingerprint(frame).rows,
        verdicts=digest(verdicts),
        rows=int(changes.remaining.sum()),
        dropped=changes.dropped,
        fixed=len(changes.cells),
        unused=changes.unused,
    )
    with atomic_file(output) as new:
        if form == "csv":
            _write_csv(files, len(frame), changes, new, reader)
        else:
            whole = table.external.partitions.added(arrow_table(files))
            parquet.write_table(corrected_table(whole, changes), new)
    with atomic_file(output.with_name(output.name + RECORD)) as new:
        new.write_text(json.dumps(derived.model_dump(), indent=2) + "\n", encoding="utf-8")
    return derived


def _write_csv(
    files: Sequence[Path], rows: int, changes: Corrections, new: Path, reader: TableReadOptions
) -> None:
    """Write the records with their original text, except for the corrections."""
    with new.open("w", encoding=reader.encoding, newline="") as out:
        separator = separator_of(files[0], reader)
        writer = csv_writer(out, separator=separator, quote=reader.quote)
        records = csv_records(files, reader)
        header = next(records)
        writer.writerow(header)
        index = 0
        for cells in records:
            if changes.remaining[min(index, rows - 1)]:
                writer.writerow(_cells(cells, header, index, changes))
            index += 1
    if index != rows:
        raise PackageError(
            f"{files[0]}: expected {rows} records, got {index}",
            "some rows cannot be distinguished as text; save the table as Parquet and apply there",
        )


def _cells(
    cells: list[str], header: Sequence[str], index: int, changes: Corrections
) -> Sequence[str]:
    return [
        changes.cells.get((index, name), cell)
        for name, cell in zip([*header, *[""] * (len(cells) - len(header))], cells, strict=False)
    ]


def _relative(source: Path, folder: Path) -> str:
    return Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix()
