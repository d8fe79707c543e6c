"""Every module with behaviour of its own has a test file of its name, in the folder of its name."""

from __future__ import annotations

import ast
from pathlib import Path

TOP = Path(__file__).parent.parent
ROOMS = ("packager", "serving", "monitoring")

EXEMPT: dict[str, str] = {}
"""Modules that need no test file of their own, and why."""

FEATURES: dict[str, str] = {}
"""Test files that are named after what users see, across modules, and what that is."""

MISSING: frozenset[str] = frozenset()
"""Modules whose test file is still to be written. This set may only shrink."""


def has_behaviour(text: str) -> bool:
    """Whether a module does something: it has a function, or a class with a method."""
    body = ast.parse(text).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    nodes = [*body, *(inner for one in classes for inner in one.body)]
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)


def modules() -> set[str]:
    """Posix paths below the checkout of the modules that do something."""
    paths = (path for room in ROOMS for path in (TOP / room).rglob("*.py"))
    return {
        path.relative_to(TOP).as_posix()
        for path in paths
        if not path.name.startswith("__") and has_behaviour(path.read_text(encoding="utf-8"))
    }


def test_files() -> set[str]:
    """Posix paths below ``tests`` of the test files in its folders."""
    tests = TOP / "tests"
    return {
        path.relative_to(tests).as_posix()
        for room in ROOMS
        for path in (tests / room).rglob("test_*.py")
    }


test_files.__test__ = False  # type: ignore[attr-defined]


def test_file_of(module: str) -> str:
    """``packager/data/test_split.py`` of ``packager/data/split.py``."""
    folder, _, name = module.rpartition("/")
    return f"{folder}/test_{name}"


test_file_of.__test__ = False  # type: ignore[attr-defined]


def test_every_module_that_does_something_has_its_test_file() -> None:
    there = test_files()
    absent = {module for module in modules() if test_file_of(module) not in there}
    new = sorted(absent - EXEMPT.keys() - MISSING)
    assert not new, f"write {', '.join(map(test_file_of, new))}"
    done = sorted((MISSING | EXEMPT.keys()) - absent)
    assert not done, f"delete from MISSING or EXEMPT: {', '.join(done)}"


def test_every_test_file_has_a_module_or_is_named_after_a_feature() -> None:
    paths = {
        path.relative_to(TOP).as_posix() for room in ROOMS for path in (TOP / room).rglob("*.py")
    }
    strange = {file for file in test_files() if file.replace("/test_", "/") not in paths}
    new = sorted(strange - FEATURES.keys())
    assert not new, f"no module of that name, and no reason in FEATURES: {', '.join(new)}"
    gone = sorted(FEATURES.keys() - strange)
    assert not gone, f"delete from FEATURES: {', '.join(gone)}"


def test_every_exception_has_its_reason() -> None:
    for reason in (*EXEMPT.values(), *FEATURES.values()):
        assert len(reason.split()) >= 3, reason


def test_constants_and_types_alone_are_no_behaviour() -> None:
    assert not has_behaviour("MAX = 3\nclass Row(FrozenModel):\n    x: int = 0\n")
    assert has_behaviour("class Row:\n    @property\n    def same(self): return True\n")
    assert has_behaviour("async def answer(): ...\n")
