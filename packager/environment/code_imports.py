"""Finds the files of a project that its modules import, by their import statements."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from packager.errors import UsageError


def imported_files(files: Iterable[Path], tops: Sequence[Path]) -> list[Path]:
    """``files`` and the files below ``tops`` that they import, directly or indirectly.

    Raises ``UsageError`` for a module that is not valid Python.
    """
    reached = list(files)
    for file in reached:  # the loop extends the list
        for path in _imported(file, tops):
            if path not in reached:
                reached.append(path)
    return reached


def module_file(name: str, top: Path) -> Path | None:
    """The file of the module ``name`` below ``top``; None if there is none."""
    path = top / name.replace(".", "/")
    paths = (path.with_name(path.name + ".py"), path / "__init__.py")
    return next((location for location in paths if location.is_file()), None)


def _imported(file: Path, tops: Sequence[Path]) -> Iterator[Path]:
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{file}: not valid Python: {error}", "fix that line") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name, tops)
        elif isinstance(node, ast.ImportFrom):
            paths = [file.parents[node.level - 1]] if node.level else tops
            for alias in node.names:
                name = f"{node.module}.{alias.name}" if node.module else alias.name
                yield from _files(name, paths)


def _files(name: str, tops: Sequence[Path]) -> Iterator[Path]:
    """The files that importing ``name`` runs: those of its parent packages and its own."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        for top in tops:
            path = module_file(".".join(parts[:end]), top)
            if path is not None:
                yield path
