"""The model host runs on Python 3.8 and imports nothing but the standard library and NumPy."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import modelhost

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="asks Python for the names of its modules"
)
FILES = sorted(Path(modelhost.__file__).parent.rglob("*.py"))
AT_TOP = frozenset({"modelhost", "numpy"})
INSIDE_FUNCTIONS = frozenset({"joblib", "pandas", "scipy", "sklearn", "threadpoolctl"})
LOADED = {
    "onnx": ("onnxruntime",),
    "torchscript": ("torch",),
    "torch_export": ("torch",),
    "xgboost_json": ("xgboost",),
}
"""Loader → the library that it imports when it loads, if its name is another one."""
LATER = {
    *("removeprefix", "removesuffix", "is_relative_to", "with_stem", "readlink"),
    *("stdlib_module_names", "orig_argv", "bit_count", "hardlink_to", "waitstatus_to_exitcode"),
    *("pidfd_open", "UTC", "pairwise", "batched", "randbytes", "nextafter", "add_note"),
}
"""Attributes that Python 3.8 lacks."""
BUILTINS = {"list", "dict", "tuple", "set", "frozenset", "type"}
"""Types that have no brackets in Python 3.8, but in annotations."""


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def subscripted(tree: ast.AST) -> set[str]:
    """Types with brackets in what Python executes, which 3.8 has for those of ``typing`` alone."""
    bare = set(BUILTINS)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("collections"):
            bare |= {alias.asname or alias.name for alias in node.names}
    annotations = [
        *(node.annotation for node in ast.walk(tree) if isinstance(node, ast.AnnAssign | ast.arg)),
        *(node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)),
    ]
    written = {id(inner) for one in annotations if one is not None for inner in ast.walk(one)}
    return {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and id(node) not in written
        if isinstance(node.value, ast.Name) and node.value.id in bare
    }


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_module_needs_no_later_python_and_no_other_package(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    ours = AT_TOP | INSIDE_FUNCTIONS | sys.stdlib_module_names
    own = {file.stem, *LOADED.get(file.stem, ())} if file.parent.name == "loaders" else set()
    assert imported(tree) - ours - own == set()
    assert subscripted(tree) == set()
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imported(ast.Module(list(top), [])) & (INSIDE_FUNCTIONS | own) == set()
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Attribute) and node.attr in LATER), ast.unparse(node)
        if isinstance(node, ast.Call):
            strict = [word.arg for word in node.keywords if word.arg in ("strict", "slots")]
            assert not strict, ast.unparse(node)


def test_the_check_finds_what_later_versions_added() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass\n", feature_version=(3, 8))
    assert imported(ast.parse("def f():\n    import pandas.api\n")) == {"pandas"}
    text = "from collections.abc import Callable\n"
    text += "f: dict[str, int]\nA = tuple[int]\nB = Callable[[], A]\n"
    assert subscripted(ast.parse(text)) == {"tuple[int]", "Callable[[], A]"}
