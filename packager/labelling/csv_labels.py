"""Labels in a CSV file: one label by one annotator in each line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packager.confinement import refuse_sparse
from packager.data.memory_limit import fitting_memory
from packager.data.spreadsheet import unescaped
from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.tables.labels.imported import ImportedLabel, ImportedLabels
from packager.tables.labels.records import ROW_HASH

LABEL, ANNOTATOR = "label", "annotator"
PROBABILITY, TIME = "selection_probability", "labelled_at"
NO_LABEL = "without a label"


@dataclass(frozen=True)
class LabelColumns:
    """The columns of a label file; None for the default."""

    annotator: str | None = None
    """The annotator of all labels of the file."""
    annotator_column: str | None = None
    label: str | None = None
    """Of CSV: the column of the label. Of Label Studio: the ``from_name`` of the control."""
    on: tuple[str, ...] | None = None
    """The columns that identify rows; None: the table's if the file has them, else ``row_hash``."""

    @property
    def named_annotator(self) -> str | None:
        """``annotator``, checked: ``UsageError`` if it is together with ``annotator_column``."""
        if self.annotator is not None and self.annotator_column is not None:
            raise UsageError(
                "expected one of --annotator and --annotator-column, got both", "leave one out"
            )
        if self.annotator is not None and not self.annotator.strip():
            raise UsageError("--annotator: expected a name, got none", "name who labelled")
        return self.annotator


def csv_labels(file: Path, columns: LabelColumns, key: Sequence[str]) -> ImportedLabels:
    """The labels of a CSV file; lines with an empty label are skipped, and counted.

    ``key``: the columns that identify rows of the table; empty for the row hash. Cells may be
    escaped, as ``package data label-queue`` does. Raises ``UsageError``, naming the line, for a
    malformed cell.
    """
    refuse_sparse(file, file.name)
    try:
        with fitting_memory(file):
            content = file.read_bytes()
            reader = csv.DictReader(
                io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True
            )
            names = list(reader.fieldnames or ())
            roles = _roles(file, names, columns, key)
            rows = [(f"line {reader.line_num}", cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: expected labels as CSV, got {error}") from error
    skipped: Counter[str] = Counter()
    labels = []
    for row, cells in rows:
        if None in cells or None in cells.values():
            raise UsageError(f"{file}, {row}: expected {len(names)} cells, got another number")
        if not cells[roles.label].strip():
            skipped[NO_LABEL] += 1
            continue
        plain = {name: unescaped(cell) for name, cell in cells.items()}
        labels.append(_label(f"{file}, {row}", plain, roles))
    return ImportedLabels(FileEntry.of(file, file.name), roles.key, tuple(labels), skipped)


@dataclass(frozen=True)
class _Roles:
    """The columns of a file by role; empty for columns that it lacks."""

    key: tuple[str, ...]
    label: str
    annotator: str
    named: str | None
    probability: str
    time: str


def _roles(file: Path, names: list[str], columns: LabelColumns, key: Sequence[str]) -> _Roles:
    own = columns.on
    if own is None:
        own = tuple(key) if all(name in names for name in key) or ROW_HASH not in names else ()
    named = columns.named_annotator
    roles = _Roles(
        key=own,
        label=columns.label or LABEL,
        annotator="" if named is not None else columns.annotator_column or ANNOTATOR,
        named=named,
        probability=PROBABILITY if PROBABILITY in names else "",
        time=TIME if TIME in names else "",
    )
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"{file}: expected every column once, got {twice!r} again")
    hints = {
        roles.label: "name the column with the labels: --label-column COLUMN",
        roles.annotator: "name who labelled: --annotator NAME, or --annotator-column COLUMN",
    }
    for name in (roles.label, roles.annotator, *(own or (ROW_HASH,))):
        if name and name not in names:
            raise UsageError(
                f"{file}: expected a column {name!r}, got none; its columns are "
                f"{', '.join(names[:20]) or 'none'}",
                hints.get(name, "name the columns that identify rows: --on COLUMN"),
            )
    return roles


def _label(location: str, cells: Mapping[str, str], roles: _Roles) -> ImportedLabel:
    annotator = roles.named if roles.named is not None else cells[roles.annotator].strip()
    if not annotator:
        raise UsageError(
            f"{location}: expected an annotator, got none", "write who labelled, or use --annotator"
        )
    key = tuple(cells[name] for name in roles.key) or (cells[ROW_HASH].strip().lower(),)
    return ImportedLabel(
        location=location.rpartition(", ")[2],
        key=key,
        annotator=annotator,
        label=cells[roles.label].strip(),
        selection_probability=probability(cells.get(roles.probability, ""), location),
        labelled_at=moment(cells.get(roles.time, ""), location),
    )


def probability(value: object, location: str) -> float | None:
    """A selection probability; None if there is none; ``UsageError`` unless above 0, at most 1."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if isinstance(value, bool) or not 0 < number <= 1:
        raise UsageError(
            f"{location}: {PROBABILITY}: expected a number above 0 and at most 1, got {text!r}",
            "keep what `package data label-queue` wrote, or leave the cell empty",
        )
    return number


def moment(value: object, location: str) -> datetime | None:
    """A time with an offset (UTC if it has none); None if there is none."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{location}: {TIME}: expected a time, got {text!r}",
            "write it as 2026-03-01T12:30:00Z, or leave it empty",
        ) from None
