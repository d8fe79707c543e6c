"""What a function needs of a session becomes a module, or is named with its cell."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from packager.capture.cells import ipython_cells
from packager.capture.closure import Closure, closure
from packager.capture.session import Session


def session(*cells: str) -> Session:
    """The session after these cells, which hold Python as IPython's ``In`` has it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, "cell", "exec", dont_inherit=True), names)
    return Session(names, tuple(ipython_cells(["", *cells])))


def captured(root: str, *cells: str) -> Closure:
    return closure([root], session(*cells))


def answer(made: Closure, call: str) -> str:
    """What ``call`` gives in a fresh process that has the captured module alone."""
    program = f"{made.source()}\nprint({call})"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_functions_classes_imports_and_constants_are_taken_and_nothing_else() -> None:
    made = captured(
        "train",
        "import functools\nimport math, json",
        "RATE = 0.5\nunused = open",
        "class Base:\n    k = 3",
        "class M(Base):\n    def fit(self, x):\n        self.m = sum(x) * self.k * RATE\n"
        "        return self",
        "def deco(f):\n    @functools.wraps(f)\n    def g(x):\n        return f(x)\n    return g",
        "@deco\ndef train(x):\n    # a comment stays\n    return M().fit(x).m + math.sqrt(4)",
    )
    assert made.refused == []
    assert "a comment stays" in made.source()
    assert "unused" not in made.source()
    assert answer(made, "train([1, 2, 3])") == "11.0"


@pytest.mark.slow
def test_a_constant_has_the_value_that_it_has_now() -> None:
    made = captured(
        "train",
        "A = 1\nnames = ['x']",
        "def train(x):\n    return (sum(x) * A, names, LIMITS)",
        "A = 10\nnames.append('y')\nLIMITS = {}\nfor n in (1, 2):\n    LIMITS[n] = n * n",
        "A += 1",
    )
    assert made.refused == []
    assert answer(made, "train([1, 2])") == "(33, ['x', 'y'], {1: 1, 2: 4})"


@pytest.mark.parametrize("default", ["*, k=K", "k=K * 2", "k=CFG['a']"])
def test_a_default_whose_names_have_other_values_now_is_refused(default: str) -> None:
    made = captured(
        "train",
        "K = 1\nCFG = {'a': 1}",
        f"def train(x, {default}):\n    return x * k",
        "K = 2\nCFG = {'a': 2}",
    )
    (refusal,) = made.refused
    assert refusal.name == "train"
    assert default.split("=")[1][0] in refusal.reason


def test_a_computed_value_is_refused_with_its_cell() -> None:
    made = captured(
        "train",
        "import collections",
        "# shares\nshare = collections.Counter('aab')",
        "def train(x):\n    return share[x]",
    )
    (refusal,) = made.refused
    assert str(refusal) == (
        "share (cell 2, # shares): its value, of the type Counter, is computed (share = "
        "collections.Counter('aab')): give it as a parameter, or compute it in the function"
    )


def test_a_class_that_is_changed_later_is_refused() -> None:
    made = captured(
        "train",
        "class M:\n    k = 1",
        "def train(x):\n    return M.k",
        "M.k = 5",
    )
    (refusal,) = made.refused
    assert (refusal.name, refusal.cell) == ("M", "cell 3, M.k = 5")
    assert "changed after its definition (M.k = 5)" in refusal.reason


@pytest.mark.slow
def test_names_of_modules_are_imported_however_they_came() -> None:
    made = captured(
        "train",
        "from math import *",
        "import collections.abc as abc\nroot = sqrt",
        "def train(x):\n    return root(x), isinstance(x, abc.Sequence), floor(2.5)",
    )
    assert made.refused == []
    assert "from math import sqrt as root" in made.source()
    assert answer(made, "train(4)") == "(2.0, False, 2)"


@pytest.mark.slow
def test_the_last_definition_counts_also_of_lambdas() -> None:
    made = captured(
        "train", "f = lambda v: v + 1", "def train(x):\n    return f(x)", "f = lambda v: v + 2"
    )
    assert answer(made, "train(1)") == "3"


def test_what_nothing_defines_is_named() -> None:
    made = captured("train", "def train(x):\n    return missing(x)")
    assert [str(one) for one in made.refused] == ["missing: nothing in the session defines it"]


def test_a_definition_that_a_cell_did_not_reach_does_not_count() -> None:
    cells = ["def train(x):\n    return x + 1", "1 / 0\ndef train(x):\n    return x + 2"]
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(cells[0], names)
    made = closure(["train"], Session(names, tuple(ipython_cells(["", *cells]))))
    assert made.refused == []
    assert "x + 1" in made.source()


def test_a_definition_that_the_source_lacks_is_refused() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def train(x):\n    return x + 1", names)
    cells = ipython_cells(["", "def train(x):\n    return x * 9"])
    (refusal,) = closure(["train"], Session(names, tuple(cells))).refused
    assert refusal.reason == "the session has another definition: run it again"


def test_a_function_that_is_wrapped_after_its_definition_is_refused() -> None:
    made = captured(
        "f", "import functools", "def f(x):\n    return x", "f = functools.lru_cache(f)"
    )
    (refusal,) = made.refused
    assert "is computed (f = functools.lru_cache(f))" in str(refusal)


def test_a_default_has_the_value_that_it_had() -> None:
    made = captured("f", "K = 1", "def f(x, k=K):\n    return x * k", "K = 2")
    (refusal,) = made.refused
    assert refusal.reason == "a default of it is K as it was: run its definition again"
    same = captured("f", "K = 1", "def f(x, k=K):\n    return x * k")
    assert same.refused == []


def test_a_magic_within_a_function_is_refused() -> None:
    names: dict[str, Any] = {"__name__": "__main__", "get_ipython": print}
    cell = "def train(x):\n    get_ipython().system('ls')\n    return x"
    exec(cell, names)
    (refusal,) = closure(["train"], Session(names, tuple(ipython_cells(["", cell])))).refused
    assert (refusal.name, refusal.cell) == ("get_ipython", "cell 1, def train(x):")
    assert "magic or shell command" in refusal.reason


def test_only_what_is_needed_of_an_import_is_taken() -> None:
    made = captured(
        "f",
        "import json as j, math, os.path\nimport os.path, collections.abc",
        "import collections\nfrom json import dumps, loads as read",
        "def f(x):\n    return math.pi, read(x), collections.abc, j",
    )
    assert made.source().splitlines()[:5] == [
        "import collections",
        "import collections.abc",
        "import json as j",
        "import math",
        "from json import loads as read",
    ]


def test_annotations_stay_postponed() -> None:
    made = captured(
        "f", "from __future__ import annotations\ndef f(x: Later) -> Later:\n    return x"
    )
    assert made.source().startswith("from __future__ import annotations\n")


@pytest.mark.slow
def test_members_and_partial_functions_follow_the_definitions() -> None:
    made = captured(
        "f",
        "import enum, functools, re\nWORD = re.compile('[a-z]+')",
        "class C(enum.Enum):\n    A = 'a'\nDEFAULT = C.A",
        "def add(x, y):\n    return x + y\nmore = functools.partial(add, 2)",
        "def f(x):\n    return more(x), DEFAULT is C.A, WORD.findall('a1b')",
    )
    assert made.refused == []
    assert answer(made, "f(1)") == "(3, True, ['a', 'b'])"


@pytest.mark.slow
def test_what_a_session_defines_in_other_ways_is_taken() -> None:
    """In a branch, by a factory, counted by a function, named by a text, added by a decorator."""
    made = captured(
        "train",
        "from collections import namedtuple\nfrom threading import Lock\nimport math",
        "calls = 3\nKNOWN = {}\nORDER = []\nlock = Lock()\nPoint = namedtuple('Point', 'x y')",
        "try:\n    raise ImportError\nexcept ImportError:\n    def slow(x):\n"
        "        '''two\n        lines'''\n        return math.floor(x)",
        "def known(f):\n    KNOWN[f.__name__] = f\n    ORDER.append(f)\n    return f",
        "@known\ndef twice(x):\n    return 2 * x",
        "K, EVALUATED = 5, 7",
        "def train(x):\n    global calls\n    with lock:\n        calls += 1\n"
        "    values = (globals()['K'], eval('EVALUATED + 1'), KNOWN['twice'](x), ORDER[0](1))\n"
        "    return Point(slow(x), globals()['calls']), values, len(ORDER)",
    )
    assert made.refused == []
    assert answer(made, "train(2)") == "(Point(x=2, y=4), (5, 8, 4, 2), 1)"


def test_a_function_of_a_branch_that_is_changed_there_is_refused() -> None:
    made = captured("f", "if True:\n    def f():\n        return 1\n    f.k = 2")
    assert [one.name for one in made.refused] == ["f"]
