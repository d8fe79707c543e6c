"""Read rows from JSON and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.data.memory_limit import fitting_memory
from packager.errors import UsageError

BLOCK_ROWS = 10_000
BLOCK_CHARACTERS = 64 << 20
"""Characters of the lines of a block, unless one line has more."""


def read_json_rows(path: Path) -> list[dict[str, Any]]:
    """All rows of ``json_blocks``; raises ``UsageError`` likewise."""
    with fitting_memory(path):
        return [row for block in json_blocks(path) for row in block]


def json_blocks(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of a ``.jsonl`` file in blocks, those of a ``.json`` file as one.

    Raises ``UsageError`` for anything but objects.
    """
    try:
        if path.suffix.lower() == ".jsonl":
            yield from _of_lines(path)
            return
        with fitting_memory(path):
            document = _parsed(path.read_text(encoding="utf-8-sig"))
        yield _rows(path, document.get("rows") if isinstance(document, dict) else document)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected JSON, got {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: expected JSON, got some that is too deeply nested") from error


def _of_lines(path: Path) -> Iterator[list[dict[str, Any]]]:
    rows: list[Any] = []
    size = 0
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for line in file:
            if not line.strip():
                continue
            if rows and (len(rows) == BLOCK_ROWS or size + len(line) > BLOCK_CHARACTERS):
                yield _rows(path, rows)
                rows, size = [], 0
            rows.append(_parsed(line))
            size += len(line)
    yield _rows(path, rows)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"the number {constant}, which JSON doesn't have")


def _rows(path: Path, rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(
            f"{path}: expected a list of objects, or an object with such a list under 'rows'",
            'write [{"column": value, …}, …], or in .jsonl one object on each line',
        )
    return rows
