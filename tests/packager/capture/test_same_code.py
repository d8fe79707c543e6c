"""Whether source is that of a live function, class or lambda."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from packager.capture.same_code import (
    has_future_annotations,
    imported_by,
    is_live,
    lambda_text,
)


def made(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {
        "functools": functools,
        "Enum": Enum,
        "dataclass": dataclass,
        "__name__": "__main__",
    }
    exec(compile(text, "cell", "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("def f(x):\n    return x + 1", "def f(x):\n    return x + 2"),
        ("def f(x):\n    return x", "def f(y):\n    return y"),
        ("def f(x):\n    return [a for a in x]", "def f(x):\n    return [a for a in x if a]"),
        ("f = lambda x: x", "f = lambda x: -x"),
        (
            "class f:\n    def g(self):\n        return 1",
            "class f:\n    def g(self):\n        return 2",
        ),
        ("class f:\n    depth: int = 3", "class f:\n    depth: int = 5"),
        ("class f(Enum):\n    RED = 1", "class f(Enum):\n    RED = 2"),
        ("@dataclass\nclass f:\n    d: int = 3", "@dataclass\nclass f:\n    d: int = 5"),
        ("class f:\n    @property\n    def g(self):\n        return 1", "class f:\n    pass"),
        (
            "@functools.lru_cache\ndef f(x):\n    return x",
            "@functools.lru_cache\ndef f(x):\n    return -x",
        ),
    ],
)
def test_code_is_compared_whatever_its_lines(text: str, other: str) -> None:
    value = made(f"# a line\n\n{text}")["f"]
    assert is_live(text, "f", value)
    assert not is_live(other, "f", value)


def test_what_has_no_code_to_compare_passes() -> None:
    assert is_live("class A:\n    pass", "A", made("class A:\n    pass")["A"])
    assert is_live("@made\ndef f(): pass", "f", 5)


def test_postponed_annotations_are_seen_and_compared() -> None:
    text = "def f(x: A) -> B:\n    def g(y: C): return y\n    return g"
    value = made(f"from __future__ import annotations\n{text}")["f"]
    assert has_future_annotations(value)
    assert is_live(text, "f", value)
    assert not has_future_annotations(made("def f(x): return x")["f"])


def test_the_source_of_a_lambda_is_found_among_others() -> None:
    text = "a, b = (lambda x: x + 1), (lambda x: x + k)\nk = 3\n"
    names = made(text)
    trees = [(text, ast.parse(text))]
    assert lambda_text(names["a"].__code__, trees) == "lambda x: x + 1"
    assert lambda_text(names["b"].__code__, trees) == "lambda x: x + k"
    assert lambda_text((lambda x: x * 9).__code__, trees) is None


def test_the_function_itself_is_found_and_not_the_one_around_it() -> None:
    text = "def times(k):\n    return lambda x: x * k\ninner = times(3)\n"
    trees = [(text, ast.parse(text))]
    assert lambda_text(made(text)["inner"].__code__, trees) == "lambda x: x * k"


def test_code_that_was_compiled_with_its_imports_is_the_same() -> None:
    """CPython compiles a call of an imported module's function otherwise."""
    head, text = "import math\n", "def f(x):\n    return math.floor(x)"
    value = made(head + text)["f"]
    beside = imported_by(ast.parse(head + text))
    assert beside == {"math"}
    assert is_live(text, "f", value, beside)
    assert is_live(text, "f", made(text)["f"], beside)
    assert not is_live(text.replace("floor", "ceil"), "f", value, beside)
    source = head + "g = lambda x: math.floor(x)\n"
    found = lambda_text(made(source)["g"].__code__, [(source, ast.parse(source))])
    assert found == "lambda x: math.floor(x)"


def test_imports_within_a_function_are_none_of_the_module() -> None:
    text = "try:\n    import a.b, c as d\nexcept ImportError:\n    from e import *\n"
    assert imported_by(ast.parse(text + "def f():\n    import g\n")) == {"a", "d"}
