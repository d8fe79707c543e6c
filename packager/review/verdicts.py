"""Verdicts: decisions about rows, by row hash, in ``verdicts.csv`` next to ``package.toml``.

A row keeps its verdict at any position. The file is sorted CSV with one verdict per line, so that
it can be edited, committed and compared.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

from packager.cache import atomic_file
from packager.confinement import refuse_sparse, refuse_special
from packager.data.csv_writer import ENDS, LineFeeds
from packager.data.memory_limit import fitting_memory
from packager.data.spreadsheet import escaped, unescaped
from packager.digest import sha256_bytes
from packager.errors import UsageError
from packager.manifest.base import FrozenModel

FIELDS = ("row_hash", "verdict", "column", "value", "reason")
Decision = Literal["keep", "drop", "dedupe", "fix"]
DECISIONS: tuple[str, ...] = get_args(Decision)
_HASH = re.compile(r"[0-9a-f]{16}")


class Verdict(FrozenModel):
    """One decision about the rows with one hash.

    ``keep``: the rows are correct; ignore their findings. ``drop``: remove them. ``dedupe``: keep
    one copy. ``fix``: set their cell in ``column`` to ``value`` (an empty value is null).
    """

    row_hash: str
    verdict: Decision
    column: str = ""
    value: str = ""
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """A later verdict with the same key replaces this one; fixes of other columns don't."""
        return self.row_hash, self.column if self.verdict == "fix" else ""


def verdict_of(cells: Mapping[str, str | None], location: str) -> Verdict:
    """Validate a verdict; raise ``UsageError`` naming ``location`` if it is invalid."""
    row_hash, decision = (cells.get("row_hash") or "").strip(), (cells.get("verdict") or "").strip()
    column, value = (cells.get("column") or "").strip(), cells.get("value") or ""
    if not _HASH.fullmatch(row_hash):
        raise UsageError(
            f"{location}: expected a row hash of 16 hex digits, got {row_hash!r}",
            "copy it from `package data issues`",
        )
    if decision not in DECISIONS:
        raise UsageError(
            f"{location}: expected {', '.join(DECISIONS)}, got {decision!r}", "write one of them"
        )
    if decision == "fix" and not column:
        raise UsageError(f"{location}: expected a column to fix, got none", "name it")
    if decision != "fix" and value:
        raise UsageError(
            f"{location}: expected no value with {decision}, got {value!r}", "did you mean fix?"
        )
    reason = (cells.get("reason") or "").strip()
    fixed_column = column if decision == "fix" else ""
    return Verdict.model_validate(
        {
            "row_hash": row_hash,
            "verdict": decision,
            "column": fixed_column,
            "value": value,
            "reason": reason,
        }
    )


def read_verdicts(file: Path) -> tuple[Verdict, ...]:
    """The verdicts in ``file``; empty if the file is absent.

    Any CSV with the columns row_hash and verdict is accepted, such as ``issues.csv``; rows without
    a verdict are skipped. Raise ``UsageError`` for an unreadable file, an invalid line or
    contradictory verdicts.
    """
    if not file.exists():
        return ()
    refuse_special(file, file.name)
    refuse_sparse(file, file.name)
    try:
        with fitting_memory(file):
            return _verdicts_in(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: expected verdicts as CSV, got {error}") from error


def _verdicts_in(file: Path) -> tuple[Verdict, ...]:
    text = file.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    absent = [name for name in ("row_hash", "verdict") if name not in (reader.fieldnames or ())]
    if absent:
        raise UsageError(
            f"{file}: expected a column {absent[0]!r}, got none",
            f"its columns are {', '.join(FIELDS)}",
        )
    verdicts: dict[tuple[str, str], Verdict] = {}
    for cells in reader:
        if (cells.get("verdict") or "").strip():
            cell_texts = {name: unescaped(cells.get(name) or "") for name in FIELDS}
            _add(verdicts, verdict_of(cell_texts, f"{file}, line {reader.line_num}"), str(file))
    return _sorted(verdicts.values())


def merged(old: Iterable[Verdict], new: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """``old`` and ``new``, without the old ones that new ones contradict or replace."""
    newer = tuple(new)
    judged = {verdict.row_hash: verdict for verdict in newer}
    keys = {verdict.key for verdict in newer}
    older = [
        verdict
        for verdict in old
        if verdict.key not in keys
        and (
            verdict.row_hash not in judged
            or verdict.verdict == judged[verdict.row_hash].verdict == "fix"
        )
    ]
    return _sorted([*older, *newer])


def write_verdicts(verdicts: Iterable[Verdict], file: Path) -> None:
    """Write all verdicts, sorted; this replaces ``file``."""
    with atomic_file(file) as new:
        new.write_bytes(_dump(verdicts))


def digest(verdicts: Iterable[Verdict]) -> str:
    """sha256 of the verdicts, independent of reasons and order."""
    return sha256_bytes(_dump(v.model_copy(update={"reason": ""}) for v in verdicts))


def _dump(verdicts: Iterable[Verdict]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(LineFeeds(text), FIELDS, lineterminator=ENDS)
    writer.writeheader()
    for verdict in _sorted(verdicts):
        writer.writerow({name: escaped(cell) for name, cell in verdict.model_dump().items()})
    return text.getvalue().encode()


def _sorted(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    return tuple(sorted(verdicts, key=lambda verdict: verdict.key))


def _add(verdicts: dict[tuple[str, str], Verdict], verdict: Verdict, location: str) -> None:
    others = [v for v in verdicts.values() if v.row_hash == verdict.row_hash]
    for other in others:
        same = (other.verdict, other.value) == (verdict.verdict, verdict.value)
        both_fix = other.verdict == verdict.verdict == "fix" and other.column != verdict.column
        if not same and not both_fix:
            raise UsageError(
                f"{location}: expected one verdict on row {verdict.row_hash}, got {other.verdict} "
                f"and {verdict.verdict}",
                "keep one of the two lines",
            )
    verdicts[verdict.key] = verdict
