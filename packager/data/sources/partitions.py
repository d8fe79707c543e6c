"""Partitions of a table: columns that the names of its folders hold (``c=red/part-0.parquet``).

That is how Hive, Spark, pandas and others lay a table out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from packager.errors import UsageError

NULL = "__HIVE_DEFAULT_PARTITION__"
"""Value that writers give to the folder of rows without a value."""
HINT = "write the whole table with the same partitions: NAME=VALUE folders in the same order"
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Partition:
    """A column of the names of folders."""

    name: str
    values: tuple[str | None, ...]
    """Its value in each file of the table, in reading order; None for null."""

    def kind(self, *, text: bool = False) -> Literal["integer", "string"]:
        """``integer`` if every value is an integer of 64 bits, else, or with ``text``, ``string``.

        A column without values is text.
        """
        present = [value for value in self.values if value is not None]
        whole = all(map(_is_integer, present))
        return "integer" if present and whole and not text else "string"


def partitions_of(folder: Path, files: Sequence[Path]) -> tuple[Partition, ...]:
    """The partitions of the table of ``files``, which are below ``folder``, in their order.

    Raises ``UsageError``, naming the file, if the files differ in the names of their partitions, or
    if a name or value can't be read.
    """
    rows = [_values(folder, file) for file in files]
    names = list(rows[0]) if rows else []
    for file, row in zip(files, rows, strict=True):
        if list(row) != names:
            raise UsageError(
                f"{file}: expected {_shown(names)}, as {files[0]} has, got {_shown(list(row))}",
                HINT,
            )
    return tuple(Partition(name, tuple(row[name] for row in rows)) for name in names)


def _values(folder: Path, file: Path) -> dict[str, str | None]:
    """Name → value of the partitions that ``file`` is in; plain folders have none."""
    values: dict[str, str | None] = {}
    for part in file.relative_to(folder).parent.parts:
        key, mark, value = part.partition("=")
        if not mark:
            continue
        name = _decoded(key, part, file)
        if not name or name in values:
            got = f"{part!r} without a name" if not name else f"the partition {name!r} twice"
            raise UsageError(f"{file}: expected every partition with a name, once, got {got}", HINT)
        values[name] = None if value == NULL else _decoded(value, part, file)
    return values


def _decoded(text: str, part: str, file: Path) -> str:
    """``text`` without percent-encoding, which writers apply to UTF-8."""
    try:
        decoded = unquote(text, errors="strict")
        decoded.encode()  # a name on the disk need not be UTF-8
    except UnicodeError as error:
        raise UsageError(
            f"{file}: expected a partition in percent-encoded UTF-8, got {part!r}", HINT
        ) from error
    return decoded


def _shown(names: Sequence[str]) -> str:
    return f"the partitions {', '.join(map(repr, names))}" if names else "no partitions"


def _is_integer(value: str) -> bool:
    # No longer than any integer of 64 bits, but for zeros: Python refuses to read very long ones.
    digits = value.lstrip("+-").lstrip("0")
    return (
        _INTEGER.fullmatch(value) is not None
        and len(digits) <= 19
        and _LOWEST <= int(value) <= _HIGHEST
    )
