"""The modules that Python files import from elsewhere, by their import statements."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

NO_CODE = frozenset({"tests", "test", "docs"})
"""Folders whose imports a model does not need."""
NO_MODULES = frozenset({"setup.py", "conftest.py", "noxfile.py"})


@dataclass(frozen=True)
class Imports:
    """Dotted module → the file that imports it first; and files that are not valid Python."""

    modules: dict[str, Path]
    broken: tuple[Path, ...]


def imported_modules(files: Iterable[Path], top: Path) -> Imports:
    """What ``files`` of the project ``top`` import that is neither in it nor in Python itself.

    Tests, ``setup.py`` and blocks that only type checkers read are left out.
    """
    found: dict[str, Path] = {}
    broken = []
    for file in files:
        if _is_no_code(file.relative_to(top)):
            continue
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError, RecursionError):
            broken.append(file)
            continue
        own = _own_names((top, top / "src", file.parent))
        for module in _absolute(tree):
            name = module.partition(".")[0]
            if name not in own and name not in sys.stdlib_module_names:
                found.setdefault(module, file)
    return Imports(found, tuple(broken))


def _is_no_code(inside: Path) -> bool:
    tested = inside.name.startswith("test_") or inside.stem.endswith("_test")
    return tested or inside.name in NO_MODULES or bool(NO_CODE & set(inside.parts[:-1]))


def _own_names(folders: Collection[Path]) -> set[str]:
    """Names of modules and packages in ``folders``, namespace packages included."""
    names: set[str] = set()
    for folder in folders:
        if folder.is_dir():
            names |= {path.stem for path in folder.glob("*.py")}
            names |= {p.name for p in folder.iterdir() if p.is_dir() and any(p.glob("**/*.py"))}
    return names


def _absolute(tree: ast.AST) -> Iterator[str]:
    """The dotted names of absolute imports, outside of ``if TYPE_CHECKING``."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")
            if any(alias.name == "*" for alias in node.names):
                yield node.module
        typed = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        waiting += node.orelse if typed and isinstance(node, ast.If) else ast.iter_child_nodes(node)
