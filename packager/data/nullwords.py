"""Cells of CSV that hold text and are read as null: which texts, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from packager.data.csvfiles import csv_blocks, csv_names
from packager.data.reader import Reader

_ROWS = 1 << 16


def null_words(
    files: Sequence[Path], reader: Reader, columns: Collection[str]
) -> dict[str, dict[str, int]]:
    """Column → text → rows in which ``reader`` takes that text for null; "" is the empty cell.

    Columns without nulls are left out. The files are read once, in flat memory.
    """
    words = {name: frozenset(reader.null_words(name)) for name in columns}
    found: dict[str, Counter[str]] = {name: Counter() for name in columns}
    texts = dict.fromkeys(csv_names(files[0], reader), "str")
    as_text = reader.model_copy(update={"null": (), "columns": {}, "dtypes": {}})
    for block in csv_blocks(files, as_text, _ROWS, texts, {}):
        for name in columns:
            cells = block[name]
            counts = cells.value_counts()
            for text, count in counts[counts.index.isin(words[name])].items():
                found[name][str(text)] += int(count)
            if blank := int(cells.isna().sum()):
                found[name][""] += blank
    return {name: dict(sorted(counts.items())) for name, counts in found.items() if counts}
