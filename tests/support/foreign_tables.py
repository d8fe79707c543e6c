"""Delta tables as other programs write them: made with deltalake, then edited in their log."""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def made(place, columns, **options) -> None:
    """Write a table with deltalake."""
    write_deltalake(place.uri, pa.table(columns), **options)


def log_entry(place, number=0) -> Path:
    return place.path / "_delta_log" / f"{number:020}.json"


def edit(place, change, number=0) -> None:
    """Apply ``change`` to each action (a dict) of a log entry; False removes the action."""
    file = log_entry(place, number)
    actions = [json.loads(line) for line in file.read_text().splitlines()]
    kept = [action for action in actions if change(action) is not False]
    file.write_text("".join(json.dumps(action) + "\n" for action in kept))


def needs(place, reader=(), writer=(), versions=(3, 7), number=0) -> None:
    """Make the table require these features, or other versions of the protocol."""

    def change(action):
        if "protocol" in action:
            action["protocol"] = {"minReaderVersion": versions[0], "minWriterVersion": versions[1]}
            if versions[0] == 3:
                action["protocol"]["readerFeatures"] = [*reader]
            if versions[1] == 7:
                action["protocol"]["writerFeatures"] = [*reader, *writer]

    edit(place, change, number)


def sets(place, properties=None, **of_fields) -> None:
    """Set properties of the table, and metadata (or other keys) of its columns by name."""

    def change(action):
        if "metaData" in action:
            action["metaData"]["configuration"].update(properties or {})
            schema = json.loads(action["metaData"]["schemaString"])
            for field in schema["fields"]:
                field.update(of_fields.get(field["name"], {}))
            action["metaData"]["schemaString"] = json.dumps(schema)

    edit(place, change)


def rename(place, mode="name", **names) -> None:
    """Map columns of the table to other names than those in its files."""

    def change(action):
        if "metaData" in action:
            schema = json.loads(action["metaData"]["schemaString"])
            _mapped(schema, names, itertools.count(1))
            action["metaData"]["schemaString"] = json.dumps(schema)
            action["metaData"]["configuration"]["delta.columnMapping.mode"] = mode
            partitions = action["metaData"]["partitionColumns"]
            action["metaData"]["partitionColumns"] = [names.get(n, n) for n in partitions]

    edit(place, change)


def _mapped(kind, names, ids) -> None:
    if not isinstance(kind, dict):
        return
    for field in kind.get("fields", ()):
        field["metadata"] = {
            "delta.columnMapping.id": next(ids),
            "delta.columnMapping.physicalName": field["name"],
        }
        field["name"] = names.get(field["name"], field["name"])
        _mapped(field["type"], names, ids)
    for inner in ("elementType", "keyType", "valueType"):
        _mapped(kind.get(inner), names, ids)


def delete_rows(place, rows, number=0) -> None:
    """Give every file of an entry a deletion vector for these rows (fewer than 65536)."""
    bits = _bitmap(sorted(rows))
    vector = {
        "storageType": "i",
        "pathOrInlineDv": _z85(bits + b"\0" * (-len(bits) % 4)),
        "sizeInBytes": len(bits),
        "cardinality": len(rows),
    }
    edit(place, lambda action: action.get("add", {}).update(deletionVector=vector), number)


def _bitmap(rows) -> bytes:
    """A 64-bit Roaring bitmap of one array container, as a deletion vector stores it."""
    container = struct.pack("<II", 12346, 1) + struct.pack("<HH", 0, len(rows) - 1)
    container += struct.pack("<I", 16) + struct.pack(f"<{len(rows)}H", *rows)
    return struct.pack("<IQI", 1681511377, 1, 0) + container


def _z85(data: bytes) -> str:
    text = ""
    for start in range(0, len(data), 4):
        value, digits = int.from_bytes(data[start : start + 4], "big"), ""
        for _ in range(5):
            value, digit = divmod(value, 85)
            digits = Z85[digit] + digits
        text += digits
    return text
