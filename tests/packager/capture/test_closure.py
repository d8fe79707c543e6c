"""What a function needs of a session becomes a module, or is named with its cell."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from packager.capture.cells import ipython_cells
from packager.capture.closure import Closure, closure
from packager.capture.statements import statements


def session(*cells: str) -> tuple[list[str], dict[str, Any]]:
    """IPython's list of cells, and the namespace after them; magics do nothing."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in ipython_cells(["", *cells]):
        exec(compile(cell.source, "cell", "exec"), names)
    return ["", *cells], names


def captured(root: str, *cells: str) -> Closure:
    executed, names = session(*cells)
    return closure([root], statements(ipython_cells(executed)), names)


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
        "%matplotlib inline\nRATE = 0.5\nunused = open",
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


def test_a_computed_value_is_refused_with_its_cell() -> None:
    made = captured(
        "train",
        "import fractions",
        "share = fractions.Fraction(1, 3)",
        "def train(x):\n    return share * x",
    )
    (refusal,) = made.refused
    assert str(refusal) == (
        "share (cell 2): its value, of the type Fraction, is computed (share = "
        "fractions.Fraction(1, 3)): give it as a parameter, or compute it in the function"
    )


def test_a_class_that_is_changed_later_is_refused() -> None:
    made = captured(
        "train",
        "class M:\n    k = 1",
        "def train(x):\n    return M.k",
        "M.k = 5",
    )
    (refusal,) = made.refused
    assert (refusal.name, refusal.cell) == ("M", 3)
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


def test_cells_of_other_languages_and_broken_ones_are_left_out() -> None:
    cells = ipython_cells(["", "%%bash\necho x", "def broken(:", "x = 1\n!ls\ny = %who\nz = x % 2"])
    assert [cell.number for cell in cells] == [3]
    assert cells[0].source == "x = 1\npass\npass\nz = x % 2"
    assert cells[0].magics == ("!ls", "y = %who")
    assert [cell.source for cell in ipython_cells(["", "%%time\nx = 1"])] == ["x = 1"]
