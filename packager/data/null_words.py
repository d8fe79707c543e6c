"""Texts in CSV cells that are read as null, and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from packager.data.csv_files import csv_blocks, csv_names
from packager.data.sources.listing import source_files
from packager.manifest.read_options import TableReadOptions

_ROWS = 1 << 16


def words_read_as_null(
    path: Path, frame: pd.DataFrame, reader: TableReadOptions
) -> dict[str, dict[str, int]]:
    """Text column without declared null words → text that ``reader`` reads as null → rows.

    ``frame`` contains the rows of ``path``; only CSV has such words.
    """
    found_files = source_files(path, reader)
    if found_files.format != "csv":
        return {}
    columns = [
        name
        for name in frame.columns
        if not reader.says_null(name)
        and pd.api.types.infer_dtype(frame[name], skipna=True) == "string"
        and frame[name].isna().any()
    ]
    counts = null_words(found_files.table, reader, columns) if columns else {}
    words = {n: {text: rows for text, rows in w.items() if text} for n, w in counts.items()}
    return {name: texts for name, texts in words.items() if texts}


def null_words(
    files: Sequence[Path], reader: TableReadOptions, columns: Collection[str]
) -> dict[str, dict[str, int]]:
    """Column → text → number of rows in which ``reader`` reads it as null; "" is the empty cell.

    Columns without nulls are left out. The files are read once, in constant memory.
    """
    words = {name: frozenset(reader.null_words(name)) for name in columns}
    row_counts: dict[str, Counter[str]] = {name: Counter() for name in columns}
    texts = dict.fromkeys(csv_names(files[0], reader), "str")
    as_text = reader.model_copy(update={"null": (), "columns": {}, "dtypes": {}})
    for block in csv_blocks(files, as_text, _ROWS, texts, {}):
        for name in columns:
            cells = block[name]
            counts = cells.value_counts()
            for text, count in counts[counts.index.isin(words[name])].items():
                row_counts[name][str(text)] += int(count)
            if blank := int(cells.isna().sum()):
                row_counts[name][""] += blank
    return {name: dict(sorted(counts.items())) for name, counts in row_counts.items() if counts}
