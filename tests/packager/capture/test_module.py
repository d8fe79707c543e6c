"""A model or a function of a session becomes a pickle and a module, or is refused whole."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from packager.capture.cells import ipython_cells
from packager.capture.module import captured_model, captured_training
from packager.capture.session import Session
from packager.errors import PackageError

CELLS = (
    "import enum\nRATE = 2",
    "class Kind(enum.Enum):\n    A = 1",
    "class Model:\n    def __init__(self, k, f):\n        self.k, self.f = k, f\n"
    "    def predict(self, x):\n        return [self.f(one) * RATE for one in x]",
    "model = Model(Kind.A, lambda v: v + 1)",
)


def session(*cells: str) -> Session:
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, "cell", "exec", dont_inherit=True), names)
    return Session(names, tuple(ipython_cells(["", *cells])))


@pytest.mark.slow
def test_the_pickle_loads_with_the_module_alone(tmp_path: Path) -> None:
    found = session(*CELLS)
    made = captured_model(found.names["model"], "shop_code", found)
    (tmp_path / "shop_code.py").write_text(made.source)
    (tmp_path / "model").write_bytes(made.pickle)
    program = (
        f"import sys, pickle; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"m = pickle.load(open({str(tmp_path / 'model')!r}, 'rb'))\n"
        "print(m.predict([1, 2]), m.k)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[4, 6] Kind.A"


def test_a_model_of_a_library_needs_no_module() -> None:
    found = captured_model([1, 2], "shop_code", session("x = 1"))
    assert found.source == ""


def test_an_object_of_an_earlier_definition_is_refused_with_its_cell() -> None:
    found = session(*CELLS, "class Model:\n    def predict(self, x):\n        return x")
    with pytest.raises(PackageError, match="earlier Model") as error:
        captured_model(found.names["model"], "shop_code", found)
    assert "Model (cell 5, class Model:)" in error.value.message


def test_a_function_is_adapted_to_what_a_build_calls() -> None:
    found = session("def fit(features, target, seed=0):\n    return 1")
    source = captured_training(found.names["fit"], found)
    assert source.endswith("    return fit(features, target, seed=seed)\n")
    same = session("def train(features, target, *, params, seed):\n    return 1")
    assert captured_training(same.names["train"], same).count("def train") == 1
    other = session("def train(features, target):\n    return 1")
    assert "_train_of_the_session = train" in captured_training(other.names["train"], other)


def test_a_function_of_a_module_is_imported() -> None:
    source = captured_training(subprocess.run, session("x = 1"))
    assert source.startswith("from subprocess import run\n")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("f = lambda a, b: 1", "function of this session under its own name, got '<lambda>'"),
        ("def made():\n    def f(a, b): pass\n    return f\nf = made()", "f = made()"),
    ],
)
def test_a_function_without_a_definition_at_the_top_is_refused(cell: str, told: str) -> None:
    found = session(cell)
    with pytest.raises(PackageError, match=re.escape(told)):
        captured_training(found.names["f"], found)
