"""Whether the file of an imported module still holds the code that the session has."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from packager.capture.same_code import imported_by, is_live
from packager.capture.statements import Definition
from packager.errors import UsageError


def refuse_changed(files: Mapping[Path, str]) -> None:
    """Raise ``UsageError`` for a file that has changed since the session imported it.

    ``files``: file → its text now. Functions and classes at the top are compared, as far as their
    code tells; modules that are not loaded have nothing to compare.
    """
    loaded = _loaded()
    for file, text in files.items():
        module = loaded.get(file)
        name = None if module is None else _changed(module, ast.parse(text))
        if name is not None:
            raise UsageError(
                f"{file}: expected the code that the session imported, got another {name}: the "
                "file has changed since",
                "restart the session, or importlib.reload the module, and make the model again",
            )


def _loaded() -> dict[Path, ModuleType]:
    modules = [module for module in [*sys.modules.values()] if isinstance(module, ModuleType)]
    named = (
        (getattr(module, "__file__", None), module)
        for module in modules
        if module.__name__ != "__main__"
    )
    return {Path(file).absolute(): one for file, one in named if isinstance(file, str)}


def _changed(module: ModuleType, tree: ast.Module) -> str | None:
    """The first definition at the top whose object in ``module`` has other code; None if none."""
    beside = imported_by(tree)
    texts: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, Definition):
            texts.setdefault(node.name, []).append(ast.unparse(node))
    for name, definitions in texts.items():
        value = vars(module).get(name)
        if getattr(value, "__module__", None) != module.__name__:
            continue  # deleted, or another module's now
        if not any(is_live(text, name, value, beside) for text in definitions):
            return name
    return None
