"""Benchmarks run by hand only: what they import is there, also after a move."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ELSEWHERE = {"crowdkit", "playwright"}
"""Of an environment that a benchmark describes, not of this one."""


def imported(text: str) -> set[str]:
    """The modules that a program imports, except ``from module import submodule``."""
    nodes = list(ast.walk(ast.parse(text)))
    plain = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.slow
def test_benchmarks_import_what_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    names = {name for path in BENCHMARKS.glob("*.py") for name in imported(path.read_text())}
    here = sorted(name for name in names if name.partition(".")[0] not in ELSEWHERE)
    assert [name for name in here if find_spec(name) is None] == []
