"""``package feedback``: sends labels from a file to the server that made the predictions."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from packager.client import Client
from packager.data.memory_limit import fitting_memory
from packager.data.parquet_files import arrow_table
from packager.data.parquet_open import schema_of
from packager.data.spreadsheet import unescaped
from packager.errors import UsageError
from packager.progress import Progress

COLUMNS = ("token", "actual")
ANSWER = "answer"
"""A third column, which is read for a package with ``[outputs]``."""
BATCH_LABELS = 5_000
_CELL_BYTES = 64
"""Least size of a token or label as a Python object."""

Unit = Literal["line", "row"]
Pair = tuple[int, Any, Any, Any]
"""Position in the file, token, label, and answer (None without that column)."""


@dataclass(frozen=True)
class FeedbackResult:
    """The result for the labels of a file."""

    accepted: int
    skipped: int
    """Tokens whose label isn't known yet; send them again with it."""
    rejected: tuple[tuple[int, str], ...]
    """Position in the file and reason, in order."""
    unit: Unit
    """The unit of positions: lines of text (the first is 1) or rows (the first is 0)."""

    @property
    def reasons(self) -> Mapping[str, int]:
        """Reason → labels."""
        return dict(sorted(Counter(reason for _, reason in self.rejected).items()))

    @property
    def complete(self) -> bool:
        """Whether every known label is counted, now or before."""
        return all(reason == "duplicate" for _, reason in self.rejected)


def send(client: Client, source: Path, progress: Progress) -> FeedbackResult:
    """Send every label of ``source``; it may be sent again, because no label counts twice.

    ``source``: .csv, .json (a list of objects), .jsonl or .parquet with token and actual, and for a
    package with ``[outputs]`` with answer; in CSV an answer, and a label in parts, is JSON. Raises
    ``UsageError`` for a file that can't be read, lacks one of these or is empty, before anything
    is sent; ``PackageError`` with the server's message, when earlier labels are already counted.
    """
    with fitting_memory(source):
        unit, pairs = _read(source)
    if not pairs:
        raise UsageError(f"{source}: expected at least one label, got none", "check the file")
    answers = any(answer is not None for *_, answer in pairs) and client.needs_answers()
    if answers and source.suffix.lower() not in (".json", ".jsonl", ".parquet"):
        pairs = [(at, token, _parts(actual), _value(answer)) for at, token, actual, answer in pairs]
    progress.step(f"sending {len(pairs)} labels")
    accepted = skipped = 0
    rejected: list[tuple[int, str]] = []
    for start in range(0, len(pairs), BATCH_LABELS):
        part = pairs[start : start + BATCH_LABELS]
        labels = [
            (token, answer, actual) if answers else (token, actual)
            for _, token, actual, answer in part
        ]
        receipt = client.feedback(labels, batch=BATCH_LABELS)
        accepted += receipt.accepted
        skipped += receipt.skipped
        rejected += [(part[index][0], reason) for index, reason in receipt.rejected]
    return FeedbackResult(accepted, skipped, tuple(rejected), unit)


def _read(source: Path) -> tuple[Unit, list[Pair]]:
    form = source.suffix.lower()
    if form == ".json":
        return "row", _from_objects(source, enumerate(_json(source)))
    if form == ".jsonl":
        return "line", _from_objects(source, _json_lines(source))
    if form == ".parquet":
        return "row", list(_from_parquet(source))
    return "line", list(_from_csv(source))


def _from_csv(source: Path) -> Iterator[Pair]:
    """Cells as unchanged text: only the server knows the names of its classes."""
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = reader.fieldnames or []
            _check_names(source, names)
            for row in reader:
                token, actual = row["token"], row["actual"]
                if token is None or actual is None:
                    raise UsageError(
                        f"{source}, line {reader.line_num}: expected {len(names)} cells, got fewer",
                        "every line needs a token and a label; an unknown label is an empty cell",
                    )
                answer = row.get(ANSWER)
                known = unescaped(answer) if answer else None
                yield reader.line_num, token, unescaped(actual), known
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{source}: can't be read as CSV: {error}", "check the file") from error


def _from_parquet(source: Path) -> Iterator[Pair]:
    """Values with the file's own types, so that integers in a column with nulls stay integers."""
    names = schema_of(source).names
    _check_names(source, names)
    column_names = (*COLUMNS, ANSWER) if names.count(ANSWER) == 1 else COLUMNS
    columns = arrow_table([source], only=column_names, of_a_cell=_CELL_BYTES)
    tokens, labels, *answers = (columns.column(name).to_pylist() for name in column_names)
    answer_values = answers[0] if answers else [None] * len(tokens)
    return zip(range(len(tokens)), tokens, labels, answer_values, strict=True)


def _from_objects(source: Path, rows: Iterable[tuple[int, Any]]) -> list[Pair]:
    """Pairs from objects of token and actual, either of which some may omit."""
    numbered = list(rows)
    for place, row in numbered:
        if not isinstance(row, dict):
            raise UsageError(
                f"{source}: expected objects, got {str(row)[:60]!r} ({place})",
                'write {"token": "…", "actual": …}',
            )
    names = {name for _, row in numbered for name in row}
    if numbered:
        _check_names(source, sorted(names))
    return [
        (place, row.get("token"), row.get("actual"), row.get(ANSWER)) for place, row in numbered
    ]


def _value(cell: str | None) -> Any:
    """The answer in a cell of CSV: JSON, or the text itself."""
    try:
        return None if cell is None else json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _parts(cell: str) -> Any:
    """The label in a cell of CSV: an object or a list if it is one; else only the server knows."""
    return _value(cell) if cell.lstrip()[:1] in ("{", "[") else cell


def _json(source: Path) -> list[Any]:
    try:
        rows = json.loads(source.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{source}: expected JSON, got {error}") from error
    if not isinstance(rows, list):
        raise UsageError(
            f"{source}: expected a list of objects, got {type(rows).__name__}",
            'write [{"token": "…", "actual": …}, …]',
        )
    return rows


def _json_lines(source: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: expected JSON lines, got {error}") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{source}, line {number}: expected JSON, got {error}") from error


def _check_names(source: Path, names: Sequence[str]) -> None:
    if absent := [name for name in COLUMNS if name not in names]:
        raise UsageError(
            f"{source}: expected the columns token and actual, got no {absent[0]!r}",
            f"the columns are {', '.join(map(repr, names[:20]))}",
        )
    if twice := [name for name in COLUMNS if list(names).count(name) > 1]:
        raise UsageError(
            f"{source}: expected the column {twice[0]!r} once, got it twice", "rename one of them"
        )
