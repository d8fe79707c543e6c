"""The requests that the model process may predict together."""

from __future__ import annotations

from packager.data.rows.coerce import dtype_depends_on
from packager.data.rows.request_rows import ValidatedRows
from packager.manifest.manifest import Schema


class RowGroups:
    """Rows are combined only if no column's dtype changes by it."""

    def __init__(self, schema: Schema) -> None:
        follows = [dtype_depends_on(column) for column in schema.features]
        self._separate = "values" in follows
        self._nullable = [index for index, what in enumerate(follows) if what == "nulls"]

    def group(self, rows: ValidatedRows) -> list[bool] | None:
        """Requests of equal groups may be combined; None: never combine."""
        if self._separate:
            return None
        return [None in rows.columns[index] for index in self._nullable]
