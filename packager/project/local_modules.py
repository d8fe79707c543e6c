"""Modules of the user's own that code imports: files beside it, which a project needs as well."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from packager.environment.code_imports import imported_files

INSTALLED = ("site-packages", "dist-packages")
"""Names of folders whose modules were installed."""
_PRODUCT = "packager"


def local_files(modules: Iterable[str]) -> dict[str, Path]:
    """Posix name in a project → file, of those of ``modules`` that are the user's own.

    With everything of his own that these import, directly or indirectly; modules that this Python
    has installed are no files of his own. Raises ``UsageError`` for a file that is no valid Python.
    """
    files: dict[str, Path] = {}
    for name in sorted({module.partition(".")[0] for module in modules}):
        file = _file(name)
        if file is None or name == _PRODUCT:
            continue
        top = file.parent.parent if file.name == "__init__.py" else file.parent
        named = [file, *(_submodule(module, top) for module in modules if _within(module, name))]
        for path in imported_files([one for one in named if one is not None], [top]):
            if _is_own(path) and path.is_relative_to(top):
                files[path.relative_to(top).as_posix()] = path
    return files


def imported_names(source: str) -> set[str]:
    """Dotted names of the modules that ``source`` imports, and of what it takes from them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _within(module: str, name: str) -> bool:
    return module.startswith(f"{name}.")


def _submodule(module: str, top: Path) -> Path | None:
    """The file of a dotted module, or of the module that has this name in it."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        path = top.joinpath(*parts[:end])
        for location in (path.with_name(path.name + ".py"), path / "__init__.py"):
            if location.is_file():
                return location
    return None


def _file(name: str) -> Path | None:
    """The file of a module of the user's own at the top; None for any other one."""
    if name in sys.stdlib_module_names:
        return None
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded is None:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return None
        loaded = spec.origin if spec is not None else None
    path = Path(loaded).absolute() if loaded else None
    return path if path is not None and path.is_file() and _is_own(path) else None


def _is_own(path: Path) -> bool:
    if path.suffix != ".py" or any(part in INSTALLED for part in path.parts):
        return False
    paths = sysconfig.get_paths()
    return not any(path.is_relative_to(paths[key]) for key in ("stdlib", "platstdlib"))
