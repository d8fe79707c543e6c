"""Limits on lines of modules and on lines and parameters of functions, with known exceptions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PRODUCT = ("packager", "serving", "monitoring")
MAX_LINES = 300
MAX_FUNCTION_LINES = 50
MAX_PARAMETERS = 6
MAX_TEST_NAME = 80
TEST_NAME = re.compile(r"def (test_\w+)")

# What is over a limit today, and how far: nothing is added, and none of them grows.
LONG_MODULES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}
MANY_PARAMETERS: dict[str, int] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(*rooms: str) -> dict[str, str]:
    """Posix path below the checkout → text."""
    files = [path for room in rooms for path in (TOP / room).rglob("*.py")]
    return {path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8") for path in files}


@cache
def definitions(text: str) -> list[Function | ast.ClassDef]:
    """Every function and class, however deep."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def functions(text: str) -> list[Function]:
    return [node for node in definitions(text) if isinstance(node, Function)]


def is_command(function: Function) -> bool:
    """Whether it is a verb of the command line: each of its parameters is an option."""
    decorators = [d.func for d in function.decorator_list if isinstance(d, ast.Call)]
    return any(
        isinstance(d, ast.Attribute) and d.attr in ("command", "callback") for d in decorators
    )


def parameters(function: Function) -> int:
    """How many it has, ``self`` and ``cls`` aside; 0 for a command."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    names = [argument.arg for argument in named if argument is not None]
    return 0 if is_command(function) else len(names) - (names[:1] in (["self"], ["cls"]))


def lines(function: Function) -> int:
    """How many it has; of a command, whose options are declarations, without its signature."""
    start = function.body[0].lineno if is_command(function) else function.lineno
    return (function.end_lineno or start) - start + 1


def over(
    found: Iterable[tuple[str, int]], limit: int, known: dict[str, int]
) -> list[tuple[str, int]]:
    """What is longer than ``limit``, or than it was where that is known."""
    return [(name, size) for name, size in found if size > known.get(name, limit)]


def measured(measure: Callable[[Function], int], *rooms: str) -> Iterator[tuple[str, int]]:
    """Module and name of each function, with its measure."""
    for path, text in modules(*rooms).items():
        yield from ((f"{path} {function.name}", measure(function)) for function in functions(text))


def test_a_module_has_at_most_300_lines():
    texts = modules("modelhost", *PRODUCT, "benchmarks").items()
    found = ((path, text.count("\n")) for path, text in texts)
    assert over(found, MAX_LINES, LONG_MODULES) == []


def class_names(texts: dict[str, str]) -> dict[str, list[str]]:
    """Name of each public class → the modules that define it."""
    found: dict[str, list[str]] = {}
    for path, text in texts.items():
        for node in definitions(text):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(path)
    return found


@pytest.mark.slow
def test_a_public_class_name_is_defined_once():
    found = class_names(modules("modelhost", *PRODUCT))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_the_check_of_class_names_finds_a_second_definition():
    texts = {"a.py": "class A: ...\nclass _B: ...", "b.py": "class A: ...\nclass _B: ..."}
    assert class_names(texts) == {"A": ["a.py", "b.py"]}


@pytest.mark.slow
def test_a_function_has_at_most_50_lines():
    found = measured(lines, *PRODUCT, "benchmarks")
    assert over(found, MAX_FUNCTION_LINES, LONG_FUNCTIONS) == []


def test_a_function_takes_at_most_six_parameters():
    assert over(measured(parameters, *PRODUCT, "benchmarks"), MAX_PARAMETERS, MANY_PARAMETERS) == []


def test_a_name_of_a_test_has_at_most_80_characters():
    names = [name for text in modules("tests").values() for name in TEST_NAME.findall(text)]
    assert len(names) > 1_000
    assert [name for name in names if len(name) > MAX_TEST_NAME] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(a, b, /, c, *, d): ...", 4),
        ("async def f(*a, **b): ...", 2),
        ("class A:\n    def f(self, a): ...\n", 1),
        ("@app.command(panel=1)\ndef f(a, b, c, d, e, f, g): ...", 0),
        ("@cached(size=1)\ndef f(a, b, c, d, e, f, g): ...", 7),
    ],
)
def test_parameters_are_counted(text: str, count: int):
    assert [parameters(function) for function in functions(text)] == [count]


def test_lines_of_a_command_are_those_of_its_body():
    signature = "def f(\n    a=1,\n    b=2,\n):\n    x = 1\n    return x\n"
    assert [lines(function) for function in functions(signature)] == [6]
    assert [lines(function) for function in functions(f"@app.command()\n{signature}")] == [2]


def test_what_is_known_may_not_grow():
    assert over([("a", 301), ("b", 305), ("c", 300)], 300, {"b": 305}) == [("a", 301)]
    assert over([("b", 306), ("b", 2)], 300, {"b": 305}) == [("b", 306)]
