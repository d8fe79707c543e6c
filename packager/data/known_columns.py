"""Which columns of rows to predict a package knows."""

from __future__ import annotations

from collections.abc import Iterable

from packager.data.rows.extra_columns import ExtraColumns
from packager.errors import UsageError
from packager.manifest.manifest import Manifest

MAX_NAMED = 5


class KnownColumns:
    """The columns of a file that the model knows, and those that it doesn't."""

    def __init__(self, source: str, manifest: Manifest) -> None:
        self._source = source
        self._extra = ExtraColumns.of(manifest)
        columns = (*manifest.schema_.features, *manifest.schema_.extras)
        self._known = {column.name for column in columns} | self._extra.passed_over
        self._unknown: set[str] = set()

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
        """What to say of unknown columns; None if there are none."""
        unknown = sorted(self._unknown)
        if not unknown:
            return None
        more = f" and {len(unknown) - MAX_NAMED} more" if len(unknown) > MAX_NAMED else ""
        named = ", ".join(map(repr, unknown[:MAX_NAMED]))
        return f"{self._source}: columns that the model does not know: {named}{more}: ignored"
