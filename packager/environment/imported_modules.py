"""The modules that Python files and notebooks import from elsewhere, by their statements."""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.environment.notebooks import notebook_cells
from packager.environment.platform import MIN_PYTHON

NO_CODE = frozenset({"tests", "test", "docs"})
"""Folders whose imports a model does not need."""
NOTEBOOK = ".ipynb"
_CALLS = frozenset({"importlib.import_module", "import_module", "__import__"})
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_ABSENCE = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_SYSTEM = re.compile(
    r"(?:sys\.platform|os\.name|platform\.system\(\)) (?P<operator>==|!=) '(?P<value>\w+)'"
)
_PREFIX = re.compile(r"sys\.platform\.startswith\('(?P<value>\w+)'\)")
_VERSION = re.compile(
    r"sys\.version_info(?:\[:2\])? (?P<operator><=?|>=?) \((?P<major>\d+),(?: (?P<minor>\d+))?\)"
)
NO_MODULES = frozenset({"setup.py", "conftest.py", "noxfile.py"})


@dataclass(frozen=True)
class Imports:
    """Dotted module → the file that imports it first; and files that are not valid Python."""

    modules: dict[str, Path]
    broken: tuple[Path, ...]
    optional: frozenset[str] = frozenset()
    """The modules whose absence the code handles (``except ImportError``)."""


def imported_modules(files: Iterable[Path], top: Path) -> Imports:
    """Modules that ``files`` of the project ``top`` import from outside it and Python itself.

    Tests, ``setup.py`` and blocks that only type checkers read are left out.
    """
    modules: dict[str, Path] = {}
    needed: set[str] = set()
    broken = []
    for file in files:
        if _is_no_code(file.relative_to(top)):
            continue
        own = own_names((top, top / "src", file.parent))
        try:
            for tree in _trees(file):
                for module, optional in _absolute(tree):
                    name = module.partition(".")[0]
                    if name not in own and name not in sys.stdlib_module_names:
                        modules.setdefault(module, file)
                        needed |= set() if optional else {module}
        except (SyntaxError, ValueError, RecursionError):
            broken.append(file)
    return Imports(modules, tuple(broken), frozenset(modules.keys() - needed))


def _trees(file: Path) -> Iterator[ast.AST]:
    """The syntax tree of a file, or of each cell of a notebook that is Python."""
    if file.suffix != NOTEBOOK:
        yield ast.parse(file.read_bytes())
        return
    for cell in notebook_cells(file):
        try:
            yield ast.parse(cell)
        except SyntaxError:  # left unfinished: only whole lines count
            yield from map(ast.parse, filter(_is_import, cell.splitlines()))


def _is_import(line: str) -> bool:
    if not line.startswith(("import ", "from ")):
        return False
    with contextlib.suppress(SyntaxError, ValueError):
        return bool(ast.parse(line).body)
    return False


def _is_no_code(inside: Path) -> bool:
    tested = inside.name.startswith("test_") or inside.stem.endswith("_test")
    return tested or inside.name in NO_MODULES or bool(NO_CODE & set(inside.parts[:-1]))


def own_names(folders: Collection[Path]) -> set[str]:
    """Names of modules and packages in ``folders``, namespace packages included."""
    names: set[str] = set()
    for folder in folders:
        if folder.is_dir():
            names |= {path.stem for path in folder.glob("*.py")}
            names |= {p.name for p in folder.iterdir() if p.is_dir() and any(p.glob("**/*.py"))}
    return names


def _absolute(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """The dotted name of each absolute import, and whether the code handles its absence.

    Leaves out imports for type checkers, and those for other systems and Pythons.
    """
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, optional = waiting.pop(0)
        yield from ((name, optional) for name in _named(node))
        if isinstance(node, ast.Try) and any(map(_handles_absence, node.handlers)):
            waiting += [(inner, True) for inner in (*node.body, *node.handlers)]
            waiting += [(inner, optional) for inner in (*node.orelse, *node.finalbody)]
            continue
        branch = _chosen(node) if isinstance(node, ast.If) else None
        inside = ast.iter_child_nodes(node) if branch is None else branch
        waiting += [(inner, optional) for inner in inside]


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")
        if any(alias.name == "*" for alias in node.names):
            yield node.module
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in _CALLS and node.args:
        first = node.args[0]
        value = first.value if isinstance(first, ast.Constant) else None
        if isinstance(value, str) and _DOTTED.fullmatch(value):
            yield value


def _handles_absence(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(kind) in _ABSENCE for kind in kinds)


def _chosen(node: ast.If) -> Sequence[ast.AST] | None:
    """The branch of a condition on type checkers, the system or Python; None for another one."""
    text = ast.unparse(node.test)
    if "TYPE_CHECKING" in text:
        return node.orelse
    holds = None
    if system := _SYSTEM.fullmatch(text):
        same = system["value"].lower() in ("linux", "posix")
        holds = same is (system["operator"] == "==")
    elif prefix := _PREFIX.fullmatch(text):
        holds = "linux".startswith(prefix["value"])
    elif version := _VERSION.fullmatch(text):
        bound = (int(version["major"]), int(version["minor"] or 0))
        older = version["operator"] in ("<", "<=")
        if bound <= MIN_PYTHON:  # every Python of a base is newer
            holds = not older
    if holds is None:
        return None
    return node.body if holds else node.orelse
