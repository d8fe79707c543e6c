"""Check the first rows and the types of a table before all of it is processed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from modelhost.list_kinds import kind_of_elements
from modelhost.text import display_value
from monitoring.profile.profile import is_of_column
from packager.data.csv_files import csv_blocks
from packager.data.csv_text import rows_within
from packager.data.frames import infer_columns
from packager.data.model_input import to_model_input
from packager.data.parquet_files import HEAD_BYTES, parquet_head, parquet_schema
from packager.data.sources.listing import source_files
from packager.data.sources.table import SourceTable
from packager.errors import UsageError
from packager.manifest.read_options import (
    DEFAULT_OPTIONS,
    TableReadOptions,
    shown_options,
    toml_text,
)

MAX_ROWS = 10_000
MIN_COMMAS = 20
"""Minimum number of cells for judging a column to be numbers with commas."""

_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})*,[0-9]+|[+-]?[0-9]*,?[0-9]+", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|[+-]?[0-9]*\.?[0-9]+", re.ASCII)


def read_first_rows(path: Path, reader: TableReadOptions = DEFAULT_OPTIONS) -> pd.DataFrame:
    """At most 10,000 rows as model input; ``UsageError`` if they can't be read."""
    source = SourceTable(path, reader)
    files = source.files.table
    if source.files.format == "csv":
        rows = min(MAX_ROWS, rows_within(files, reader, HEAD_BYTES))
        blocks = csv_blocks(files, reader, rows, {}, {})
    elif source.files.format == "parquet":
        blocks = iter([parquet_head(files, MAX_ROWS)])
    else:
        blocks = source.plain_blocks(MAX_ROWS)
    frame = next(source.blocks(blocks), pd.DataFrame())
    return to_model_input(frame, reader)


def refuse_unservable(
    frame: pd.DataFrame, features: Sequence[str], reader: TableReadOptions = DEFAULT_OPTIONS
) -> None:
    """Raise ``UsageError`` for a feature with values that no request could hold."""
    names = [name for name in features if name in frame.columns]
    for column in infer_columns(frame[names], reader):
        if column.kind == "any" and frame[column.name].notna().any():
            inferred = pd.api.types.infer_dtype(frame[column.name], skipna=True)
            raise _unservable(column.name, inferred)
        if column.kind == "list" and column.element is None:
            raise _without_one_kind(column.name, frame[column.name])


def _without_one_kind(name: str, lists: pd.Series[Any]) -> UsageError:
    """The error of lists without elements, or with elements of several kinds."""
    indices = ((row, at, one) for row, cell in enumerate(lists) if isinstance(cell, list)
              for at, one in enumerate(cell) if one is not None)  # fmt: skip
    first = next(indices, None)
    kind = None if first is None else kind_of_elements([[first[2]]])
    alike = ("integer", "number") if kind in ("integer", "number") else (kind,)
    odd = next((index for index in indices if kind_of_elements([[index[2]]]) not in alike), first)
    got = "no element in any row"
    if first is not None and odd is not None:
        shown = f"{display_value(odd[2])} at [{odd[1]}] of row {odd[0]}"
        got = shown if odd is first else f"{display_value(first[2])} first, and {shown}"
    return UsageError(
        f"[data]: expected lists of elements of one kind in {name!r}, got {got}",
        f"declare it under [data.columns]: {toml_text(name)} = "
        f'{{ kind = "list", element = "{kind or "string"}" }}, or exclude it',
    )


def refuse_no_array(frame: pd.DataFrame, features: Sequence[str]) -> None:
    """Raise ``UsageError`` unless the only feature is a column of arrays without nulls."""
    kinds = {column.name: column.kind for column in infer_columns(frame[list(features)])}
    if list(kinds.values()) != ["array"]:
        got = ", ".join(f"{name!r} ({kind})" for name, kind in list(kinds.items())[:5])
        raise UsageError(
            f'features = "array": expected one feature, a column of arrays, got {got or "none"}',
            "declare its kind, shape and element under [data.columns] and exclude the other "
            'columns, or set features = "frame"',
        )
    (name,) = kinds
    gone = frame[name].isna().to_numpy(bool)
    if gone.any():
        raise UsageError(
            f'features = "array": expected an array in every row of {name!r}, got null in row '
            f"{int(gone.argmax())}",
            "leave such rows out, or fill them in",
        )


def refuse_unservable_types(
    path: Path, features: Sequence[str], reader: TableReadOptions = DEFAULT_OPTIONS
) -> None:
    """``refuse_unservable`` by the types of Parquet files, before a row is read."""
    import pyarrow as pa

    files = source_files(path, reader)
    if files.format != "parquet":
        return
    for field in parquet_schema(files.table):
        types: Any = pa.types
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            kind = kind.value_type
        if field.name in features and types.is_nested(kind):
            raise _unservable(field.name, str(field.type))


def refuse_commas(frame: pd.DataFrame, reader: TableReadOptions, where: str) -> None:
    """Raise ``UsageError`` for an undeclared text column that contains numbers with commas."""
    if reader.decimal is not None or reader.thousands is not None:
        return
    for name in frame.columns:
        text = pd.api.types.infer_dtype(frame[name], skipna=True) == "string"
        if reader.kind(name) is not None or not text:
            continue
        texts = frame[name].dropna().unique().tolist()
        if not any("," in text for text in texts) or frame[name].notna().sum() < MIN_COMMAS:
            continue
        marks = {}
        small = any(text.strip().lstrip("+-").startswith("0,") for text in texts)
        comma = small or reader.separator == ";"
        if not comma and all(_THOUSANDS.fullmatch(text.strip()) for text in texts):
            marks = {"thousands": ","}
        elif all(_DECIMAL.fullmatch(text.strip()) for text in texts):
            dotted = any("." in text for text in texts)
            marks = {"decimal": ",", **({"thousands": "."} if dotted else {})}
        if marks:
            own = {"separator": reader.separator} if reader.separator else {}
            example = next(text for text in texts if "," in text)
            raise UsageError(
                f"{where}: expected numbers with a decimal point in {name!r}, "
                f"got values like {display_value(example)} in every cell",
                f"set under [data] of package.toml: {shown_options(**own, **marks)}, or declare "
                f'the column under [data.columns]: {toml_text(name)} = {{ kind = "string" }}',
            )


def _unservable(name: str, inferred: str) -> UsageError:
    return UsageError(
        f"[data]: expected numbers, text, booleans or times in {name!r}, got {inferred}",
        f"convert the column, or leave it out: exclude = [{toml_text(name)}]",
    )


def refuse_reserved(features: Sequence[str]) -> None:
    """Raise ``UsageError`` for a feature with a name that means the answers in a profile."""
    if taken := [name for name in features if not is_of_column(name)]:
        raise UsageError(
            f"[data]: expected other names of features than {taken[0]!r}, which means the answers "
            "or the embedding in the profile",
            "rename the column, or name it in [data] exclude",
        )
