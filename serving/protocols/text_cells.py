"""Values of a row that arrive as text: in a form, or in the query of a URL."""

from __future__ import annotations

from typing import Any

from packager.data.rows.csv_cells import parse_cells
from packager.manifest.manifest import Column

TEXTUAL = ("any", "bytes", "string")
"""Kinds whose empty text is a value."""
NESTED = ("array", "list")
"""Kinds whose text is JSON."""


def cell_of(text: str, column: Column | None) -> Any:
    """The JSON value that ``text`` means in a column, as in CSV; text that isn't one is unchanged.

    The checker of rows refuses what is unchanged, with the message that it has for JSON. Empty
    text is null, except in columns of ``TEXTUAL`` kinds. A whole number stays one, so that a column
    of floats refuses one that it can't hold. ``column``: None for one that the schema lacks.
    """
    if column is None:
        return text
    if not text and column.kind not in TEXTUAL:
        return None
    return parse_cells([text], "integer" if column.kind == "number" else column.kind)[0]
