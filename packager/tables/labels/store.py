"""Read and write the stored labels of a table: one Parquet file per state, named in a commit.

The files are in ``_package_labels`` in the table's folder; Delta Lake ignores folders whose names
begin with an underscore. The commit of a version names its file, so the commit makes labels
visible, atomically; an interrupted writer leaves at most a file that no version names.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from pyarrow import fs, parquet

from packager.cache import temporary_directory
from packager.data.parquet_files import arrow_table
from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.location import Location
from packager.manifest.base import FileEntry
from packager.manifest.label_schemes import LabelScheme
from packager.tables.errors import VacuumedError, translate_errors
from packager.tables.labels.records import LabelSet
from packager.tables.records import Version
from packager.tables.storage import filesystem

FOLDER = "_package_labels"
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("scheme", pa.string()),
        ("annotator", pa.string()),
        ("label", pa.string()),
        ("selection_probability", pa.float64()),
        ("probability", pa.float64()),
        ("labelled_at", pa.timestamp("us", "UTC")),
        ("source", pa.string()),
    ]
)
"""Columns of the stored labels, one row for each label by one annotator.

``key``: text of the key column, a JSON list of texts for several, or 16 hex digits of the row hash.
``selection_probability``: probability with which the row was chosen for labelling; may be null.
``probability``: probability of a label that was estimated from others; null for an annotator's own.
``source``: sha256 of the file that the label was added from; null for an estimated one.
"""
MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True)
class Labels:
    """Stored labels in memory."""

    frame: pd.DataFrame
    """The columns of ``SCHEMA``; nulls in text are None."""
    key: tuple[str, ...]
    schemes: tuple[LabelScheme, ...]
    sources: tuple[FileEntry, ...] = ()
    """The files that they were added from."""

    def of(self, scheme: str) -> pd.DataFrame:
        """The labels of one scheme."""
        return self.frame[self.frame["scheme"] == scheme].reset_index(drop=True)


def no_labels() -> pd.DataFrame:
    """A frame of labels without rows."""
    return _frame(SCHEMA.empty_table())


def read_labels(location: Location, version: Version) -> Labels | None:
    """The labels of a version; None if it has none.

    Raises ``VacuumedError`` if their file was removed, ``PackageError`` if it has other content
    than the commit says.
    """
    held = version.labels
    if held is None:
        return None
    name = _name(held.file)
    with translate_errors(location):
        storage = filesystem(location)
        if storage.get_file_info(name).type == fs.FileType.NotFound:
            raise VacuumedError(
                f"{location}: the labels of version {version.number} no longer exist: {name}",
                "they were removed by `package data gc`, or manually",
            )
        with storage.open_input_stream(name) as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES or sha256_bytes(content) != held.sha256:
        raise _damaged(location, name, "the content that the log says, got other content")
    table = _opened(content)
    if table.schema.remove_metadata() != SCHEMA or len(table) != held.count:
        raise _damaged(location, name, f"{held.count} labels, got {len(table)} or other columns")
    return Labels(_frame(table), held.key, held.schemes, held.sources)


def write_labels(location: Location, labels: Labels) -> LabelSet:
    """Write labels to a new file, which no version names yet.

    Equal labels give equal bytes, in whatever order they are given.
    """
    rows = labels.frame.sort_values(["scheme", "key", "annotator"], kind="stable")
    table = pa.Table.from_pandas(rows, schema=SCHEMA, preserve_index=False)
    sink = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata(None), sink, compression="zstd", version="2.6",
        store_schema=False,
    )  # fmt: skip
    content = sink.getvalue()
    if len(content) > MAX_FILE_BYTES:
        raise PackageError(
            f"{location}: expected labels of at most {MAX_FILE_BYTES >> 30} GiB, got more",
            "keep the labels of some schemes in a table of their own",
        )
    file = f"{uuid.uuid4()}.parquet"
    with translate_errors(location):
        _write(filesystem(location), _name(file), content)
    return LabelSet(
        key=labels.key,
        schemes=tuple(sorted(labels.schemes, key=lambda scheme: scheme.name)),
        file=file,
        sha256=sha256_bytes(content),
        count=len(table),
        sources=labels.sources,
    )


def discard_labels(location: Location, written: LabelSet, versions: Iterable[Version]) -> None:
    """Remove the file of labels that were written, unless a version names it."""
    if any(v.labels is not None and v.labels.file == written.file for v in versions):
        return
    with translate_errors(location):
        _remove(filesystem(location), _name(written.file))


def unused_files(
    location: Location, versions: Iterable[Version], retained: Iterable[int]
) -> dict[str, int]:
    """File name → bytes of labels of old versions that none of ``retained`` (nor the latest) has.

    A file that no version names may be one that another writer is about to commit: it stays.
    """
    every = list(versions)
    needed = {*retained, *(v.number for v in every[-1:])}
    used = {v.labels.file for v in every if v.labels and v.number in needed}
    old = {v.labels.file for v in every if v.labels} - used
    with translate_errors(location):
        infos = filesystem(location).get_file_info([_name(file) for file in sorted(old)])
    return {info.path: info.size for info in infos if info.type != fs.FileType.NotFound}


def remove_label_files(location: Location, names: Iterable[str]) -> None:
    """Remove files that ``unused_files`` named."""
    with translate_errors(location):
        for name in names:
            _remove(filesystem(location), name)


def _opened(content: bytes) -> pa.Table:
    # From a file, because its reader measures it before it is expanded.
    with temporary_directory() as folder:
        file = folder / "labels.parquet"
        file.write_bytes(content)
        return arrow_table([file], of_a_cell=64)


def _frame(table: pa.Table) -> pd.DataFrame:
    columns = {
        name: table[name].to_pandas()
        if name in ("selection_probability", "probability", "labelled_at")
        else pd.Series(table[name].to_pylist(), dtype=object)
        for name in SCHEMA.names
    }
    return pd.DataFrame(columns)


def _name(file: str) -> str:
    return f"{FOLDER}/{file}"


def _write(storage: fs.FileSystem, name: str, content: bytes) -> None:
    storage.create_dir(FOLDER, recursive=True)
    try:
        with storage.open_output_stream(name, buffer_size=1 << 16) as stream:
            stream.write(content)
    except BaseException:
        _remove(storage, name)
        raise


def _remove(storage: fs.FileSystem, name: str) -> None:
    if storage.get_file_info(name).type != fs.FileType.NotFound:
        storage.delete_file(name)


def _damaged(location: Location, name: str, expected: str) -> PackageError:
    return PackageError(
        f"{location}: {name}: expected {expected}",
        "restore the file from a copy of the table, or revert to a version with other labels",
    )
