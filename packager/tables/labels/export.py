"""Export a version with the resolved labels of a scheme as one more column, and its disputes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from packager.cache import atomic_file
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme, TrainedLabels
from packager.tables.arrow_schema import refuse_same_but_case
from packager.tables.delta import VersionedTable
from packager.tables.labels.commit import scheme_named
from packager.tables.labels.keys import Keys, row_keys
from packager.tables.labels.resolve import RowLabel, resolve
from packager.tables.labels.store import Labels, read_labels
from packager.tables.labels.values import label_value
from packager.tables.records import Version
from packager.tables.storage import write_rows


@dataclass(frozen=True)
class RowDispute:
    """A row on which annotators disagree."""

    row: int
    """Position in the version, from 0."""
    scheme: str
    score: float
    votes: str
    """Each label, and who gave it."""


@dataclass(frozen=True)
class LabelledRows:
    """The labels of one scheme, by row of a version."""

    scheme: LabelScheme
    resolved: tuple[RowLabel | None, ...]
    """One for each row; None for a row that nobody labelled."""
    elsewhere: int
    """Number of labelled keys that no row of the version has."""

    @property
    def disputes(self) -> Iterator[RowDispute]:
        """The rows on which annotators disagree, in their order."""
        for row, row_label in enumerate(self.resolved):
            if row_label is not None and row_label.dispute is not None:
                yield RowDispute(row, self.scheme.name, row_label.dispute, row_label.votes)


def labelled_rows(location: Location, scheme: str | None) -> LabelledRows:
    """The labels of a scheme (of the only one for None) for the rows of a version.

    Raises ``UsageError`` if the version has no such scheme.
    """
    store = VersionedTable.open(location)
    version = store.version(location.version)
    labels = read_labels(location, version)
    labelling_scheme = scheme_named(labels, scheme, Location(location.uri, version.number))
    assert labels is not None
    return _of_scheme(labels, labelling_scheme, row_keys(store, version.number, labels.key))


def disputed_rows(location: Location) -> list[RowDispute]:
    """The disputes of every scheme of a version, by scheme and row; none without labels."""
    store = VersionedTable.open(location)
    version = store.version(location.version)
    labels = read_labels(location, version)
    if labels is None:
        return []
    keys = row_keys(store, version.number, labels.key)
    return [d for scheme in labels.schemes for d in _of_scheme(labels, scheme, keys).disputes]


def export_labelled(
    location: Location, file: Path, scheme: str, target: str
) -> tuple[Version, TrainedLabels]:
    """Write the rows of a version to a Parquet file, with the labels as the column ``target``.

    A row that has no label, or none that its annotators agree on, has a null there. Equal rows and
    labels give equal bytes. Raises ``UsageError`` if the table has a column of that name.
    """
    store = VersionedTable.open(location)
    version = store.version(location.version)
    at = Location(location.uri, version.number)
    rows = labelled_rows(at, scheme)
    schema = store.schema(version.number).remove_metadata()
    if target in schema.names:
        raise UsageError(
            f"{at}: expected no column {target!r}, which the labels of scheme {scheme!r} become, "
            "got one",
            "name another target; list the table's column under exclude",
        )
    refuse_same_but_case([*schema.names, target], str(at))
    column = _column(rows)
    wide = schema.append(pa.field(target, column.type))
    with atomic_file(file) as temporary:
        filesystem = fs.SubTreeFileSystem(str(temporary.parent), fs.LocalFileSystem())
        tables = _with_column(store.tables(version.number), column, wide)
        write_rows(filesystem, temporary.name, tables, wide)
    return version, _trained(rows, version, at)


def _of_scheme(labels: Labels, scheme: LabelScheme, keys: Keys) -> LabelledRows:
    by_key = {one.key: one for one in resolve(labels.of(scheme.name), scheme)}
    resolved = tuple(None if key is None else by_key.get(key) for key in keys)
    return LabelledRows(scheme, resolved, len(by_key.keys() - {*keys}))


def _column(rows: LabelledRows) -> pa.Array:
    scheme = rows.scheme
    values = [
        None
        if row_label is None or row_label.label is None
        else label_value(row_label.label, scheme)
        for row_label in rows.resolved
    ]
    kinds = {bool: pa.bool_(), int: pa.int64(), str: pa.string()}
    of_class = kinds[type(scheme.classes[0])] if scheme.classes else pa.string()
    return pa.array(values, pa.float64() if scheme.kind == "number" else of_class)


def _with_column(
    tables: Iterator[pa.Table], column: pa.Array, schema: pa.Schema
) -> Iterator[pa.Table]:
    start = 0
    for table in tables:
        own = column.slice(start, len(table))
        start += len(table)
        yield table.replace_schema_metadata(None).append_column(schema.field(len(schema) - 1), own)


def _trained(rows: LabelledRows, version: Version, at: Location) -> TrainedLabels:
    assert version.labels is not None
    resolved = [row_label for row_label in rows.resolved if row_label is not None]
    labelled = sum(row_label.label is not None for row_label in resolved)
    if not labelled:
        raise UsageError(
            f"{at}: expected rows with a label of scheme {rows.scheme.name!r}, got none in "
            f"{len(rows.resolved):,} rows",
            f"add some: package data labels add {Location(at.uri)} FILE --scheme "
            f"{rows.scheme.name}",
        )
    return TrainedLabels(
        scheme=rows.scheme,
        sha256=version.labels.sha256,
        labelled=labelled,
        unresolved=len(resolved) - labelled,
        unlabelled=len(rows.resolved) - len(resolved),
    )
