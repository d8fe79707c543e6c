"""Corrections of rows by verdicts: dropped rows and changed cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.review.verdicts import Verdict

MAX_FIX_CHAIN = 10
"""Maximum number of successive fixes of a row, each by a verdict on the previous result."""


@dataclass(frozen=True)
class Corrections:
    """Mask of the rows to keep, shape (n,), and new cells by (position, column)."""

    remaining: np.ndarray
    cells: dict[tuple[int, str], str]
    unused: tuple[str, ...]
    """Row hashes of verdicts that match no row."""

    @property
    def dropped(self) -> int:
        """Number of dropped rows."""
        return int((~self.remaining).sum())


def corrections_of(frame: pd.DataFrame, verdicts: Iterable[Verdict]) -> Corrections:
    """Compute the corrections of ``verdicts`` to the rows of ``frame``.

    A verdict may also name the hash of a row after a fix. Raise ``UsageError`` for an absent column
    or an invalid value.
    """
    by_hash: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_hash.setdefault(verdict.row_hash, []).append(verdict)
    remaining = np.ones(len(frame), dtype=np.bool_)
    cells: dict[tuple[int, str], str] = {}
    used: set[str] = set()
    indices, current = np.arange(len(frame)), frame
    for _ in range(MAX_FIX_CHAIN):
        hashes = [f"{value:016x}" for value in row_hashes(current).tolist()]
        fixed = []
        for row, row_hash in zip(indices.tolist(), hashes, strict=True):
            for verdict in by_hash.get(row_hash, ()):
                if verdict.verdict == "drop" or (verdict.verdict == "dedupe" and row_hash in used):
                    remaining[row] = False
                if verdict.verdict == "fix":
                    cells[row, _column(verdict, frame)] = verdict.value
                    fixed.append(row)
            if row_hash in by_hash:
                used.add(row_hash)
        if not fixed:
            break
        indices = np.unique(fixed)
        current = _fixed(frame, cells).iloc[indices]
    return Corrections(remaining, cells, tuple(sorted(by_hash.keys() - used)))


def _column(verdict: Verdict, frame: pd.DataFrame) -> str:
    if verdict.column not in frame.columns:
        raise UsageError(
            f"verdict on row {verdict.row_hash}: expected a column of the data, "
            f"got {verdict.column!r}",
            f"its columns are {', '.join(map(str, frame.columns))}",
        )
    return verdict.column


def corrected_table(table: pa.Table, changes: Corrections) -> pa.Table:
    """``table`` with the changes, in its own types; raise ``UsageError`` for an invalid value."""
    for name in dict.fromkeys(column for _, column in changes.cells):
        mine = sorted(
            (row, text) for (row, column), text in changes.cells.items() if column == name
        )
        field, mask = table.schema.field(name), np.zeros(len(table), dtype=np.bool_)
        mask[[row for row, _ in mine]] = True
        # Values of a dictionary column can't be replaced individually.
        plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        values = pa.array([_cell(text, plain, name) for _, text in mine], plain)
        column = table[name].cast(plain).combine_chunks()
        changed = pc.replace_with_mask(column, mask, values).cast(field.type)
        table = table.set_column(table.schema.get_field_index(name), field, changed)
    return table.filter(pa.array(changes.remaining))


def _cell(text: str, kind: pa.DataType, name: str) -> pa.Scalar:
    try:
        return pa.scalar(text or None, pa.string()).cast(kind)
    except pa.ArrowException as error:
        raise UsageError(
            f"verdict: expected a value for column {name!r} ({kind}), got {text!r}: {error}",
            "correct it in the verdicts",
        ) from error


def _fixed(frame: pd.DataFrame, cells: dict[tuple[int, str], str]) -> pd.DataFrame:
    """``frame`` with the new cells, converted to the types of its columns."""
    changed = frame.copy()
    for name in dict.fromkeys(column for _, column in cells):
        mine = {row: text for (row, column), text in cells.items() if column == name}
        column = frame[name]
        values = column.astype(object).to_numpy(copy=True)
        values[list(mine)] = [_value(text, column) for text in mine.values()]
        dtype = column.dtype
        if "" in mine.values() and pd.api.types.is_integer_dtype(dtype):
            dtype = np.dtype("float64")  # integers with nulls are read as float64
        changed[name] = pd.Series(values, index=frame.index).astype(dtype)
    return changed


def _value(text: str, column: pd.Series[Any]) -> Any:
    """Convert a cell of a verdict to the type of its column."""
    types = pd.api.types
    if text == "":
        return pd.NaT if types.is_datetime64_any_dtype(column.dtype) else np.nan
    try:
        if types.is_bool_dtype(column.dtype):
            return {"true": True, "false": False}[text.strip().lower()]
        if types.is_integer_dtype(column.dtype):
            return int(text)
        if types.is_float_dtype(column.dtype):
            return float(text)
        if types.is_datetime64_any_dtype(column.dtype):
            return pd.Timestamp(text)
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"verdict: expected a value for column {column.name!r} ({column.dtype}), got {text!r}",
            "correct it in the verdicts",
        ) from error
    return text
