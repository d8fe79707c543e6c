"""Check the deletion vectors of an untrusted table before deltalake decodes them.

deltalake reads a vector from any path that the log contains, and allocates a byte for every row up
to the last deleted one: forty bytes of a log may stand for 2⁶³ rows, which ends the process.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pyarrow as pa
from pyarrow import fs, parquet

from packager.data.memory_limit import check_room, fitting_memory
from packager.errors import PackageError
from packager.location import Location
from packager.tables.checkpoints import ambiguous_log, refuse_large_part, unique_names
from packager.tables.confinement import check_names

MAX_VECTOR_BYTES = 1 << 30
_MAGIC = 1681511377
_WITH_RUNS, _WITHOUT_RUNS = 12347, 12346
_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_UUID_LETTERS = 20
_FOLDER = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
"""Folder of a vector's file: a plain name, because some readers interpret URI characters."""

Vector = Mapping[str, Any]
"""Fields of an action: ``storageType``, ``pathOrInlineDv``, ``offset``, ``sizeInBytes``."""


def check_vectors(location: Location, filesystem: fs.FileSystem) -> None:
    """Raise ``PackageError`` if a vector is outside the table or needs too much memory."""
    rows = 0
    for vector in _vectors(filesystem, location):
        try:
            with fitting_memory(location):
                rows += _reach(_content(vector, location, filesystem))
        except (ValueError, KeyError, TypeError, struct.error, pa.ArrowException) as error:
            raise PackageError(
                f"{location}: expected valid Delta Lake deletion vectors, got one that"
                f" can't be read: {error}",
                "have the program that made the table remove deleted rows (REORG TABLE … PURGE)",
            ) from error
    check_room(str(location), "deletion vectors", 2 * rows, f"{rows:,} rows")


def _vectors(filesystem: fs.FileSystem, location: Location) -> Iterator[Vector]:
    """The vectors that any entry or checkpoint of the log contains, each once."""
    seen = set()
    for vector in _all(filesystem, location):
        if not isinstance(vector, dict):
            raise ambiguous_log(location)
        key = repr(sorted(vector.items(), key=str))
        if key not in seen:
            seen.add(key)
            yield vector


def _all(filesystem: fs.FileSystem, location: Location) -> Iterator[Any]:
    for folder in ("_delta_log", "_delta_log/_sidecars"):
        for info in filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True)):
            if info.path.endswith(".json"):
                yield from _of_entry(filesystem, info.path, location)
            elif info.path.endswith(".parquet"):
                refuse_large_part(location, filesystem, info.path)
                yield from _of_checkpoint(filesystem, info.path)


def _of_entry(filesystem: fs.FileSystem, name: str, location: Location) -> Iterator[Any]:
    with filesystem.open_input_stream(name) as stream, fitting_memory(location):
        lines = stream.read().splitlines()
    try:
        with fitting_memory(location):
            actions = [
                json.loads(line, object_pairs_hook=unique_names) for line in lines if line.strip()
            ]
    except (ValueError, RecursionError) as error:
        raise ambiguous_log(location) from error
    for action in actions:
        added = action.get("add") if isinstance(action, dict) else None
        if isinstance(added, dict) and added.get("deletionVector") is not None:
            yield added["deletionVector"]


def _of_checkpoint(filesystem: fs.FileSystem, name: str) -> Iterator[Any]:
    with filesystem.open_input_file(name) as file, parquet.ParquetFile(file) as opened:
        if "add" not in opened.schema_arrow.names:
            return
        added = opened.schema_arrow.field("add").type
        if not pa.types.is_struct(added) or added.get_field_index("deletionVector") < 0:
            return
        for batch in opened.iter_batches(columns=["add.deletionVector"]):
            for row in batch.column("add").to_pylist():
                if row is not None and row["deletionVector"] is not None:
                    yield row["deletionVector"]


def _content(vector: Vector, location: Location, filesystem: fs.FileSystem) -> bytes:
    """The bytes of a vector, stored in the log or in a file of the table."""
    kind, content, size = vector["storageType"], vector["pathOrInlineDv"], vector["sizeInBytes"]
    if not 0 <= size <= MAX_VECTOR_BYTES:
        raise ValueError(f"{size} bytes")
    if kind == "i":
        return _z85(content)[:size]
    if kind != "u":
        check_names(location, [content if content.startswith("/") else f"/{content}"])
        raise ValueError(f"a storage type {kind!r}")
    folder, letters = content[:-_UUID_LETTERS], content[-_UUID_LETTERS:]
    name = f"{folder}/deletion_vector_{UUID(bytes=_z85(letters))}.bin".lstrip("/")
    check_names(location, [f"{folder}/", name])
    if not _FOLDER.fullmatch(folder):
        raise ValueError(f"the folder {folder[:200]!r}")
    with filesystem.open_input_file(name) as file:
        return bytes(file.read_at(size, (vector.get("offset") or 0) + 4))


def _reach(content: bytes) -> int:
    """Number of rows that a vector covers: up to the last one that it can delete."""
    magic, bitmaps = struct.unpack_from("<IQ", content)
    if magic != _MAGIC:
        raise ValueError("another format")
    if bitmaps == 0:
        return 0
    high, cookie = struct.unpack_from("<II", content, 12)
    if bitmaps > 1 or high:
        raise ValueError("rows beyond 2³² of a file")
    if cookie & 0xFFFF == _WITH_RUNS:
        count = (cookie >> 16) + 1
        keys = 20 + (count + 7) // 8
    elif cookie == _WITHOUT_RUNS:
        [count] = struct.unpack_from("<I", content, 20)
        keys = 24
    else:
        raise ValueError("another format")
    if not 0 <= count <= 1 << 16:
        raise ValueError(f"{count} containers")
    header = struct.unpack_from("<" + "HH" * count, content, keys)
    return (max(header[::2]) + 1) << 16 if header else 0


def _z85(text: str) -> bytes:
    parts = []
    for start in range(0, len(text), 5):
        value = 0
        for letter in text[start : start + 5]:
            value = value * 85 + _Z85.index(letter)
        parts.append(value.to_bytes(4, "big") if value < 1 << 32 else b"")
    return b"".join(parts)
