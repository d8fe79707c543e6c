"""Check the checkpoints of an untrusted table before deltalake reads them.

A checkpoint may name more files (sidecars) by any path, which deltalake opens wherever it leads,
and a kilobyte of Parquet may decode to more text than fits into memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from pyarrow import fs, parquet

from packager.data.memory_limit import check_room, fitting_memory
from packager.data.parquet_open import measured, readable, refuse_large_groups
from packager.errors import PackageError
from packager.location import Location

_LOG = "_delta_log"
_SIDECARS = f"{_LOG}/_sidecars"
_CHECKPOINT = re.compile(
    r"(?P<version>[0-9]{20})\.checkpoint"
    r"(\.(?P<part>[0-9]{10})\.(?P<parts>[0-9]{10})|\.[^.]+)?\.(json|parquet)",
    re.ASCII,
)
_ENTRY = re.compile(r"([0-9]{20})\.json", re.ASCII)
_SIDECAR = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)
"""A plain file name: some readers interpret URI characters."""
_JSON_GROWS = 4
"""Approximate ratio of a log entry's size in memory to its size on disk."""


def check_checkpoints(
    location: Location, filesystem: fs.FileSystem, version: int | None = None
) -> None:
    """Raise ``PackageError`` if a checkpoint names files elsewhere or does not fit in memory.

    ``version``: the version to open; None for the latest.
    """
    entries = filesystem.get_file_info(fs.FileSelector(_LOG, allow_not_found=True))
    infos = [info for info in entries if info.type == fs.FileType.File]
    start = _newest_complete(infos, version)
    size = 0
    for info in infos:
        checkpoint, entry = _matches(info)
        if checkpoint and start <= int(checkpoint["version"]) <= _last(version):
            for name in _sidecars(location, filesystem, info.path):
                _refuse_sidecar_elsewhere(location, name)
                refuse_large_part(location, filesystem, f"{_SIDECARS}/{name}")
        if entry and start <= int(entry[1]) <= _last(version):
            size += info.size or 0
    check_room(str(location), "a log", size * _JSON_GROWS, f"entries of {size:,} bytes")


def refuse_large_part(location: Location, filesystem: fs.FileSystem, name: str) -> None:
    """Raise ``UsageError`` for a Parquet file of the log that does not fit in memory."""
    called = f"{location}: {name}"
    if filesystem.get_file_info(name).type == fs.FileType.NotFound:
        return  # deltalake reports it
    open_file = partial(filesystem.open_input_file, name)
    with open_file() as source, readable(called), parquet.ParquetFile(source) as opened:
        schema = opened.schema_arrow
    with open_file() as source:
        refuse_large_groups(called, source, schema)
    size = 0
    for more in measured(called, schema, open_file):
        size += more
        check_room(called, "actions", size, "paths and statistics that are spelled out")


def unique_names(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ``ValueError`` for a duplicate name, which readers treat differently."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"the name {name!r} twice")
        members[name] = value
    return members


def ambiguous_log(location: Location) -> PackageError:
    """The error for a log that readers could interpret differently."""
    return PackageError(
        f"{location}: expected a log whose entries are JSON objects without duplicate names,"
        " got other content",
        "restore the log from a copy of the table",
    )


def _last(version: int | None) -> int:
    return 10**20 if version is None else version


def _matches(info: fs.FileInfo) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    name = info.path.rpartition("/")[2]
    return _CHECKPOINT.fullmatch(name), _ENTRY.fullmatch(name)


def _newest_complete(infos: Iterable[fs.FileInfo], version: int | None) -> int:
    """The version of the newest checkpoint with all its parts; 0 if there is none."""
    parts: dict[tuple[int, str], int] = {}
    for info in infos:
        match = _matches(info)[0]
        if match and info.size and int(match["version"]) <= _last(version):
            key = (int(match["version"]), match["parts"] or "")
            parts[key] = parts.get(key, 0) + 1
    whole = [number for (number, of), count in parts.items() if not of or count == int(of)]
    return max(whole, default=0)


def _sidecars(location: Location, filesystem: fs.FileSystem, name: str) -> Iterator[Any]:
    """The sidecars that a checkpoint names; raises if the checkpoint does not fit in memory."""
    if name.endswith(".json"):
        yield from _of_json(location, filesystem, name)
        return
    refuse_large_part(location, filesystem, name)
    with filesystem.open_input_file(name) as file, readable(f"{location}: {name}"):
        opened = parquet.ParquetFile(file)
        names = opened.schema_arrow.names
        if names.count("sidecar") == 0:
            return
        if names.count("sidecar") > 1:
            raise ambiguous_log(location)
        for batch in opened.iter_batches(columns=["sidecar.path"]):
            rows = batch.column("sidecar").to_pylist() if batch.num_columns else []
            yield from (row["path"] for row in rows if row is not None)


def _of_json(location: Location, filesystem: fs.FileSystem, name: str) -> Iterator[Any]:
    with fitting_memory(f"{location}: {name}"):
        with filesystem.open_input_stream(name) as stream:
            lines = stream.read().splitlines()
        try:
            actions = [
                json.loads(line, object_pairs_hook=unique_names) for line in lines if line.strip()
            ]
        except (ValueError, RecursionError) as error:
            raise ambiguous_log(location) from error
    for action in actions:
        named = action.get("sidecar") if isinstance(action, dict) else None
        if named is not None:
            yield named.get("path") if isinstance(named, dict) else None


def _refuse_sidecar_elsewhere(location: Location, name: Any) -> None:
    if not isinstance(name, str) or not _SIDECAR.fullmatch(name):
        raise PackageError(
            f"{location}: expected all its files within its folder, those of its checkpoints in"
            f" {_SIDECARS}, got {str(name)[:200]!r}",
            "have the program that made the table write a new checkpoint, or remove this one",
        )
