"""The data of a new project: copied into it, or named where it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager.errors import UsageError
from packager.project.scaffold import quoted
from packager.project.table_preview import Preview, preview


@dataclass(frozen=True)
class GivenData:
    """A table, its first rows, and how ``package.toml`` names it."""

    name: str
    """Its name in messages."""
    source: str
    """``[data] source``."""
    preview: Preview
    copied: Path | None = None
    """The file or folder that is copied to ``source``; None if it stays where it is."""
    columns: tuple[str, ...] = ()
    """The columns that are used; empty: all."""

    @classmethod
    def copied_from(cls, file: Path) -> GivenData:
        """A file or folder that a new project gets a copy of."""
        return cls(file.name, f"data/{file.name}", preview(file), file)

    @classmethod
    def referenced(cls, file: Path, directory: Path) -> GivenData:
        """A file or folder that ``package.toml`` in ``directory`` names where it is.

        Raises ``UsageError`` if it does not exist.
        """
        if not file.exists():
            raise UsageError(
                f"{file}: expected a file of data, or a table with versions, got neither",
                f"the path is relative to {Path.cwd()}; `package data add FILE --table NAME` makes "
                "a table",
            )
        return cls(file.name, os.path.relpath(file.resolve(), directory.resolve()), preview(file))

    def only(self, columns: Sequence[str]) -> GivenData:
        """The same with these columns; the target is one of them."""
        return replace(self, columns=tuple(columns))

    def section(self, target: str | None) -> str:
        """``[data]`` of ``package.toml``; without a target, ``[outputs]`` names them."""
        lines = f"source = {quoted(self.source)}\n"
        lines += "" if target is None else f"target = {quoted(target)}\n"
        return f"\n[data]\n{lines}{self.options(target)}"

    def options(self, target: str | None) -> str:
        """Further lines of ``[data]``: how the table is read, and which columns of it."""
        lines = self.preview.read_line
        features = [name for name in self.columns if name != target]
        if self.columns and {*self.columns} != {*self.preview.names}:
            lines += f"include = [{', '.join(map(quoted, features))}]\n"
        return lines

    @property
    def copies(self) -> dict[str, Path]:
        """The copies to make: name in the project → file or folder."""
        return {} if self.copied is None else {self.source: self.copied}
