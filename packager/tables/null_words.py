"""Refuse rows in which a word is read as null that the previous version holds as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from packager.errors import UsageError
from packager.manifest.read_options import NULL_WORDS, toml_text
from packager.tables.delta import VersionedTable
from packager.tables.source import RowSource


def refuse_lost_words(source: RowSource, store: VersionedTable, number: int) -> None:
    """``UsageError`` if cells of ``source`` are null by a word that version ``number`` holds.

    Such a word may be a value (a country, a class) or mean null; only the user knows.
    """
    schema = store.schema(number)
    texts = [name for name in source.guessed if name in schema.names and _is_text(schema, name)]
    held = words_held(store.tables(number), texts) if texts else {}
    for name, counts in source.null_words(tuple(held)).items():
        for word in sorted(counts.keys() & held[name]):
            cells = "1 cell holds" if counts[word] == 1 else f"{counts[word]} cells hold"
            raise UsageError(
                f"{source.name}: column {name!r}: {cells} {word!r}, which is read as null, and "
                f"{store.location} has it as text",
                "add a project whose package.toml says what it is, under [data.columns]: "
                f'{toml_text(name)} = {{ kind = "string" }} for text, '
                f"{toml_text(name)} = {{ null = [{toml_text(word)}] }} for null",
            )


def words_held(tables: Iterable[pa.Table], names: Collection[str]) -> Mapping[str, set[str]]:
    """Column → the null words that it holds as text; columns without any are left out."""
    held: dict[str, set[str]] = {}
    for table in tables:
        for name in names:
            column = table[name]
            words = pa.array(NULL_WORDS, column.type)
            there = pc.unique(column.filter(pc.is_in(column, words))).to_pylist()
            if there:
                held.setdefault(name, set()).update(there)
    return held


def _is_text(schema: pa.Schema, name: str) -> bool:
    kind = schema.field(name).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
