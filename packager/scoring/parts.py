"""Parts of the output: each is written beside its place and renamed, then recorded."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyarrow import parquet

from packager.cache import atomic_file, writing
from packager.data.csv_writer import csv_writer
from packager.data.spreadsheet import escaped
from packager.digest import canonical_json, sha256_file
from packager.errors import PackageError
from packager.scoring.plan import Form, ScorePlan
from packager.scoring.units import Unit

Samples = Sequence[Sequence[Any]]
"""Name, labels and value of series."""


@dataclass(frozen=True)
class Part:
    """A part that is done."""

    unit: int
    file: str
    """Below the output's folder."""
    rows: int
    bytes: int
    sha256: str
    rejected: int
    """Rows without an answer."""


@dataclass(frozen=True)
class PartRecord:
    """A part, and what its rows add to the whole."""

    part: Part
    counters: Samples
    rejects: Sequence[tuple[int, str]]
    """Row of the table, and why it has no answer."""


class PartWriter(Protocol):
    """Writes the tables of one part."""

    def write(self, table: pa.Table) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish the file."""


class _CsvWriter:
    """Lines of CSV; a list is joined by ``;``, and text escaped unless ``exact``."""

    def __init__(self, path: Path, schema: pa.Schema, *, exact: bool) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._exact = exact
        self._lines = csv_writer(self._file)
        self._lines.writerow(self._safe(schema.names))

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        columns = [column.to_pylist() for column in table.columns]
        for at, field in enumerate(table.schema):
            if pa.types.is_list(field.type):
                columns[at] = [None if c is None else ";".join(map(str, c)) for c in columns[at]]
        for row in zip(*columns, strict=True):
            self._lines.writerow(self._safe(row))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _safe(self, cells: Sequence[Any]) -> Sequence[Any]:
        return cells if self._exact else [escaped(cell) for cell in cells]


@contextmanager
def part_writer(path: Path, schema: pa.Schema, form: Form) -> Iterator[PartWriter]:
    """A writer to a file beside ``path``, renamed after the block; removed on an error."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with writing(path):
        writer: PartWriter = (
            _CsvWriter(temporary, schema, exact=form == "csv-exact")
            if form.startswith("csv")
            else ParquetFile(temporary, schema)
        )
        try:
            yield writer
            writer.close()
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with contextlib.suppress(Exception):
                writer.close()
            temporary.unlink(missing_ok=True)


class ParquetFile:
    """Rows of Parquet, a row group for each table."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        self._writer.write_table(table, row_group_size=max(1, len(table)))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def record_part(
    plan: ScorePlan, unit: Unit, rows: int, counters: Samples, rejects: Sequence[tuple[int, str]]
) -> None:
    """Record that a unit's part is done: without this it would be made again."""
    path = plan.part(unit.number)
    size, digest = path.stat().st_size, sha256_file(path)
    part = Part(unit.number, path.name, rows, size, digest, len(rejects))
    document = {"part": asdict(part), "counters": counters, "rejects": rejects}
    with atomic_file(plan.record(unit.number)) as file:
        file.write_bytes(canonical_json(document))


def read_record(plan: ScorePlan, unit: int) -> PartRecord | None:
    """The record of a unit's part; None if there is none."""
    try:
        record = json.loads(plan.record(unit).read_bytes())
        rejects = [(int(row), str(reason)) for row, reason in record["rejects"]]
        return PartRecord(Part(**record["part"]), record["counters"], rejects)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"{plan.record(unit)}: expected the record of a part, got {error}",
            "remove this file and resume: the part is made again",
        ) from error


def is_whole(plan: ScorePlan, part: Part) -> bool:
    """Whether the file of a recorded part still has the recorded bytes."""
    path = plan.part(part.unit)
    return (
        path.is_file() and path.stat().st_size == part.bytes and (sha256_file(path) == part.sha256)
    )
