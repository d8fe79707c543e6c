"""``package data diff``: differences between two data sets, as far as both can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from packager.data.drift import ColumnDrift
from packager.data.fingerprint import Fingerprinter
from packager.data.row_overlap import Rows, compare_rows
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.image.reference import open_reference
from packager.location import Location
from packager.manifest.manifest import Fingerprint
from packager.project.config import FILENAME, load_project
from packager.tables.delta import VersionedTable
from packager.tables.row_diff import Frames, RowDiff, diff_rows
from packager.tables.stream import blocks, fingerprint_path
from packager.tables.summary import Summary, column_drifts, summarise


@dataclass(frozen=True)
class TableSide:
    """A data set: its fingerprint, and its rows if they are available."""

    name: str
    fingerprint: Fingerprint
    frames: Frames | None


@dataclass(frozen=True)
class DataDiff:
    """The differences; ``summaries``, ``drift`` and ``row_diff`` only if both sides have rows."""

    equal: bool
    """Same columns, types and rows, in any order of rows."""
    rows: Rows
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    types_differ: bool
    """Names, order, logical types or nullability of columns."""
    changed_columns: tuple[str, ...]
    """Columns of both sides in which a value differs."""
    summaries: tuple[Summary, Summary] | None = None
    drift: tuple[ColumnDrift, ...] = ()
    row_diff: RowDiff | None = None


def open_side(text: str) -> TableSide:
    """Open a file, a folder, ``TABLE@VERSION``, a fingerprint as JSON, a project or a package.

    Raises ``UsageError`` for anything else.
    """
    path = Path(text)
    if path.suffix == ".json" and path.is_file():
        return TableSide(text, Fingerprint.load(path), None)
    if path.name == FILENAME or (path / FILENAME).is_file():
        return _project(text, path)
    is_package = (path / "oci-layout").is_file() or path.suffix == ".tar"
    if path.exists() and not is_package and not (path / "_delta_log").is_dir():
        return TableSide(text, fingerprint_path(path), lambda: blocks(path))
    if not path.exists() and path.suffix.lower() in (".csv", ".parquet", ".json"):
        raise UsageError(f"{text}: expected a file or a folder, found nothing")
    location = None if is_package else Location.table_at(text)
    if location is not None:
        return _table(text, location)
    with open_reference(text, Engine.connect()) as package:
        printed = package.fingerprint()
    if printed is None:
        raise UsageError(f"{text}: expected a package with data, got one without")
    return TableSide(text, printed, None)


def _project(text: str, path: Path) -> TableSide:
    """The data of a project, read with its options."""
    project = load_project(path)
    if project.data is None:
        raise UsageError(f"{text}: expected a project with data, got one without", "add [data]")
    if project.table is not None:
        return _table(text, project.table)
    if project.dvc is not None:
        raise UsageError(
            f"{text}: expected files or a table as its data, got {project.data.source}, which DVC "
            "tracks",
            "run `dvc pull`, and name the file itself",
        )
    source, reader = project.path(project.data.source), project.data.reader
    return TableSide(text, fingerprint_path(source, reader), lambda: blocks(source, reader))


def _table(text: str, location: Location) -> TableSide:
    store = VersionedTable.open(location)
    version = store.version(location.version)
    printed = version.fingerprint
    if printed is None:  # another program wrote it
        printer = Fingerprinter()
        for frame in store.frames(version.number):
            printer.update(frame)
        printed = printer.result()
    return TableSide(text, printed, lambda: store.frames(version.number))


def compare(before: TableSide, after: TableSide, key: Sequence[str] = ()) -> DataDiff:
    """Differences from ``before`` to ``after``; ``UsageError`` for a ``key`` without both rows."""
    one, other = before.fingerprint, after.fingerprint
    if key and (before.frames is None or after.frames is None):
        bare = before.name if before.frames is None else after.name
        raise UsageError(
            f"--key-columns: expected the rows of both, got only the fingerprint of {bare}",
            "leave --key-columns out, or pass the data instead of the fingerprint",
        )
    common = [name for name in one.columns if name in other.columns]
    rows = compare_rows(one, other)
    equal = one.schema_ == other.schema_ and rows.verdict in ("equal", "reordered")
    difference = DataDiff(
        equal=equal,
        rows=rows,
        added_columns=tuple(n for n in other.columns if n not in one.columns),
        removed_columns=tuple(n for n in one.columns if n not in other.columns),
        types_differ=one.schema_ != other.schema_,
        changed_columns=tuple(n for n in common if one.columns[n] != other.columns[n]),
    )
    if equal or before.frames is None or after.frames is None:
        return difference
    summaries = summarise(before.frames()), summarise(after.frames())
    return replace(
        difference,
        summaries=summaries,
        drift=tuple(column_drifts(*summaries)),
        row_diff=diff_rows(before.frames, after.frames, key) if common else None,
    )


def compared_json(difference: DataDiff) -> dict[str, Any]:
    """``difference`` as plain JSON values."""
    columns = {}
    if difference.summaries is not None:
        for name in difference.changed_columns:
            before, after = (summary.columns[name] for summary in difference.summaries)
            columns[name] = {"before": before.model_dump(), "after": after.model_dump()}
    return {
        "equal": difference.equal,
        "rows": difference.rows.model_dump(mode="json"),
        "added_columns": difference.added_columns,
        "removed_columns": difference.removed_columns,
        "types_differ": difference.types_differ,
        "changed_columns": difference.changed_columns,
        "columns": columns,
        "drift": [drift.model_dump(mode="json") for drift in difference.drift],
        "row_diff": asdict(difference.row_diff) if difference.row_diff else None,
    }
