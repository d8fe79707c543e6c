"""Whether a definition in the source is the one that the session has now."""

from __future__ import annotations
import __future__

import ast
import enum
import inspect
from types import CodeType, FunctionType
from typing import Any

from packager.capture.cells import codes_of
from packager.capture.plain_expressions import PLAIN

FUTURE = (
    sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
    & ~__future__.nested_scopes.compiler_flag
    & ~__future__.generators.compiler_flag
)
"""Flags of ``from __future__ import …`` in the code of a function."""


def is_live(text: str, name: str, value: Any, beside: frozenset[str] = frozenset()) -> bool:
    """Whether the definition ``text`` of ``name`` gave ``value``, as far as code tells.

    ``beside``: names that its cell or file imports, see ``_beside_imports``.

    True as well where there is nothing to compare, such as an object that a decorator made. Of a
    class, constants in its body are compared too: defaults of a data class, members of an enum.
    """
    if not _same_attributes(text, name, value):
        return False
    live = [code for code in codes_of(_undecorated(value)) if _own(code, name, value)]
    if not live:
        return True
    flags = live[0].co_flags & FUTURE
    written = [
        one
        for source in _beside_imports(text, beside)
        for one in _nested(compile(source, "cell", "exec", flags=flags, dont_inherit=True))
    ]
    return all(any(same_code(code, one) for one in written) for code in live)


def _same_attributes(text: str, name: str, value: Any) -> bool:
    """Whether the constants in the body of the class ``name`` are those of the class ``value``."""
    if not isinstance(value, type):
        return True
    node = next((one for one in ast.parse(text).body if isinstance(one, ast.ClassDef)), None)
    if node is None or node.name != name:
        return True
    for one in node.body:
        targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
        written = getattr(one, "value", None)
        if not isinstance(written, ast.Constant) or not isinstance(targets[0], ast.Name):
            continue
        has = vars(value).get(targets[0].id, written)
        has = has.value if isinstance(has, enum.Enum) else has
        if isinstance(has, PLAIN) and not _same_constant(has, written.value):
            return False
    return True


def same_code(first: CodeType, second: CodeType) -> bool:
    """Whether two code objects do the same; names of files and lines don't count."""
    if first.co_code != second.co_code or len(first.co_consts) != len(second.co_consts):
        return False
    names = ("co_name", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_argcount")
    if any(getattr(first, name) != getattr(second, name) for name in names):
        return False
    return all(map(_same_constant, first.co_consts, second.co_consts))


def has_future_annotations(value: Any) -> bool:
    """Whether ``value`` was compiled under ``from __future__ import annotations``."""
    flag = __future__.annotations.compiler_flag
    return any(code.co_flags & flag for code in codes_of(_undecorated(value)))


def lambda_text(code: CodeType, trees: list[tuple[str, ast.Module]]) -> str | None:
    """The source of the lambda or function ``code`` in the newest of ``trees``; None without one.

    ``trees``: source and syntax tree of each cell, in the order of execution.
    """
    for source, tree in reversed(trees):
        beside = imported_by(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Lambda | ast.FunctionDef):
                text = _segment(source, node)
                if text is not None and _compiled_inside(text, code, beside):
                    return text
    return None


def imported_by(tree: ast.AST) -> frozenset[str]:
    """Names that imports of a module bind, those within functions and classes left out."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {name.asname or name.name.partition(".")[0] for name in node.names}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names |= imported_by(node)
    return frozenset(names - {"*"})


def _beside_imports(text: str, names: frozenset[str]) -> list[str]:
    """``text`` by itself, and after imports of ``names``.

    A call of ``np.exp`` has other bytecode where ``np`` is imported by the code that is compiled
    with it: all of a file, a single statement of a cell.
    """
    imports = f"import {', '.join(sorted(names))}\n" if names else ""
    return [text, imports + text] if imports else [text]


def _segment(source: str, node: ast.Lambda | ast.FunctionDef) -> str | None:
    """The text of a node, a decorated function without its decorators."""
    if isinstance(node, ast.FunctionDef):
        return ast.unparse(node) if not node.decorator_list else None
    return ast.get_source_segment(source, node)


def _compiled_inside(text: str, code: CodeType, beside: frozenset[str]) -> bool:
    """Whether ``text`` itself compiles to ``code`` within a function with its free variables."""
    names = ", ".join(code.co_freevars)
    body = text if text.startswith("def ") else f"return ({text})"
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    inner: list[CodeType] = []
    flags = code.co_flags & FUTURE
    try:
        for source in _beside_imports(f"def made({names}):\n{lines}\n", beside):
            module_code = compile(source, "cell", "exec", flags=flags, dont_inherit=True)
            around = next(one for one in module_code.co_consts if isinstance(one, CodeType))
            inner += [one for one in around.co_consts if isinstance(one, CodeType)]
    except SyntaxError:
        return False
    return any(same_code(code, one) for one in inner if one.co_name == code.co_name)


def _undecorated(value: Any) -> Any:
    try:
        return inspect.unwrap(value) if callable(value) else value
    except ValueError:
        return value


def _own(code: CodeType, name: str, value: Any) -> bool:
    """Whether code is of the definition ``name`` itself, and not of what a decorator put there."""
    undecorated = _undecorated(value)
    if isinstance(undecorated, FunctionType):
        return code.co_name == name or code.co_name == "<lambda>"
    return code.co_qualname.startswith(f"{name}.") and not code.co_filename.startswith("<string>")


def _nested(code: CodeType) -> list[CodeType]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return [*inner, *(deep for one in inner for deep in _nested(one))]


def _same_constant(first: Any, second: Any) -> bool:
    if isinstance(first, CodeType) and isinstance(second, CodeType):
        return same_code(first, second)
    return type(first) is type(second) and repr(first) == repr(second)
