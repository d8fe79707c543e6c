"""Lambdas and inner functions get a name and the values of their free variables."""

from __future__ import annotations

from typing import Any

from packager.capture.cells import ipython_cells
from packager.capture.closure import Refusal
from packager.capture.nested_functions import NamedFunction, named_function
from packager.capture.session import Session


def named(*cells: str, root: str = "f") -> NamedFunction | Refusal:
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, "cell", "exec", dont_inherit=True), names)
    session = Session(names, tuple(ipython_cells(["", *cells])))
    return named_function(names[root], "function_1", session)


def test_a_lambda_becomes_a_function() -> None:
    found = named("import math\nRATE = 2", "f = lambda x, k=1: math.log(x) * RATE")
    assert isinstance(found, NamedFunction)
    assert found.text == "def function_1(x, k=1):\n    return math.log(x) * RATE"
    assert found.needs == {"math", "RATE"}


def test_free_variables_are_set_first() -> None:
    found = named(
        "import datetime\ndef made(k, day):\n    def inner(x):\n        return x * k, day\n"
        "    return inner\nf = made(3, datetime.date(2024, 1, 2))"
    )
    assert isinstance(found, NamedFunction)
    assert found.text == (
        "def function_1(x):\n    day = _datetime.date(2024, 1, 2)\n    k = 3\n"
        "    return (x * k, day)"
    )
    assert found.imports == ("import datetime as _datetime",)
    assert found.needs == set()


def test_large_free_variables_are_refused_with_the_cell() -> None:
    found = named("import collections\ndef made(k):\n    return lambda x: k[x]\n"
                  "f = made(collections.Counter())")  # fmt: skip
    assert isinstance(found, Refusal)
    assert "its variable k of the type Counter" in found.reason


def test_a_function_that_changes_a_free_variable_is_refused() -> None:
    found = named(
        "def made(k):\n    def inner(x):\n        nonlocal k\n        k += 1\n        return k\n"
        "    return inner\nf = made(3)"
    )
    assert isinstance(found, Refusal)
    assert "can't stand at the top of a module" in found.reason


def test_a_function_without_source_is_refused() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("f = lambda x: x", names)
    found = named_function(names["f"], "function_1", Session(names, ()))
    assert isinstance(found, Refusal)
    assert found.reason == "the session has no source: it was typed, or run by exec without a file"


def test_what_the_function_around_it_imports_is_imported_first() -> None:
    found = named(
        "def made():\n    import os.path as p\n    from math import floor\n"
        "    return lambda x: p.basename(floor(x))\nf = made()"
    )
    assert isinstance(found, NamedFunction)
    assert found.text.splitlines()[1:3] == [
        "    from math import floor",
        "    import posixpath as p",
    ]
