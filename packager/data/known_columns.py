"""The columns of rows to predict that a package knows."""

from __future__ import annotations

from collections.abc import Iterable

from packager.data.rows.extra_columns import ExtraColumns
from packager.errors import UsageError
from packager.manifest.manifest import Manifest
from packager.text import listed

MAX_NAMED = 5


class KnownColumns:
    """The columns of a file that the model knows, and those that it doesn't."""

    def __init__(self, source: str, manifest: Manifest) -> None:
        self._source = source
        self._extra = ExtraColumns.of(manifest)
        features = manifest.schema_.features
        columns = (*features, *manifest.schema_.extras)
        self._needed = [column.name for column in features if column.default is None]
        self._known = {column.name for column in columns} | self._extra.passed_over
        self._unknown: set[str] = set()

    def require(self, names: Iterable[str]) -> None:
        """Raise ``UsageError`` if ``names`` lack a column that the model needs in each row."""
        present = [*names]
        missing = [name for name in self._needed if name not in present]
        if not missing:
            return
        columns = "the column" if len(missing) == 1 else "the columns"
        other = {name.casefold(): name for name in present if name not in self._known}
        alike = [(other[name.casefold()], name) for name in missing if name.casefold() in other]
        named = listed([*map(repr, missing)], MAX_NAMED)
        raise UsageError(
            f"{self._source}: expected {columns} {named}, got none of that name",
            f"rename {alike[0][0]!r} to {alike[0][1]!r}"
            if alike
            else "add it: an empty cell is a null",
        )

    def add(self, names: Iterable[str]) -> None:
        """Raise ``UsageError`` if the package refuses one of ``names``."""
        self._unknown |= {*names} - self._known
        if self._unknown and self._extra.refuse:
            raise UsageError(
                f"{self._source}: expected only columns that the model knows, got "
                f"{min(self._unknown)!r}",
                'leave it out; the package was built with extra_columns = "refuse" under [serve]',
            )

    def warning(self) -> str | None:
        """A warning about unknown columns; None if there are none."""
        unknown = sorted(self._unknown)
        if not unknown:
            return None
        named = listed([*map(repr, unknown)], MAX_NAMED)
        return f"{self._source}: columns that the model does not know: {named}: ignored"
