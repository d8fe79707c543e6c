"""Answers under emulation are compared with those of the platform that trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from case_models import manifest_of

from packager.build.emulation import _Rows, compared
from packager.errors import PackageError
from packager.manifest.evaluation import Compilation
from packager.model.compiled.form import Domain, Form, Linear, Matrix, write

ROWS = tuple({"carat": n / 2, "count": 1, "cut": "Fair", "note": None} for n in range(4))
GIVEN = _Rows(ROWS, tuple({"prediction": n / 2} for n in range(3)))
FORM = Form(
    columns=tuple(Domain(name=name, used=False) for name in ROWS[0]),
    steps=(),
    matrix=Matrix(width=1, numbers=()),
    head=Linear(coefficients=((1.0,),), intercept=(0.0,), link="none"),
    nan=False,
    tolerance=1e-9,
)


class Tree:
    """Answers of an image under emulation."""

    root = "/"

    def __init__(self, model: list[float], compiled: list[float], inside: list[bool]) -> None:
        self.found: dict[str, dict[str, Any]] = {
            "model": {"labels": model, "probabilities": None},
            "compiled": {"labels": compiled, "probabilities": None, "inside": inside},
        }
        self.asked: dict[str, Mapping[str, Any]] = {}

    def answers(self, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """As ``Emulated.answers``."""
        self.asked[kind] = asked
        return self.found[kind]


def told(tmp_path: Path, tree: Tree, verdict: Any = "equal", given: _Rows = GIVEN) -> str:
    write(FORM, None, tmp_path / "out/compiled")
    known = {"task": "regression", "compiled": Compilation(verdict=verdict, tolerance=1e-9)}
    context: Any = SimpleNamespace(folder=tmp_path, platform="linux/amd64")
    return compared(given, manifest_of().model_copy(update=known), tree, context)


RIGHT = [0.0, 0.5, 1.0, 1.5]
INSIDE = [True] * 4


def test_how_equal_the_answers_are_is_told(tmp_path: Path):
    tree = Tree([0.0, 0.5 + 1e-12, 1.0, 1.5], RIGHT, [True, True, True, False])
    assert told(tmp_path, tree) == (
        "3 answers of the model equal, largest difference 1e-12; "
        "the compiled form equal to it on 3 rows"
    )
    assert tree.asked["model"]["load"]["path"] == "/models/model"
    assert tree.asked["model"]["ask"]["rows"] == 4


def test_another_answer_of_the_model_is_named(tmp_path: Path):
    with pytest.raises(PackageError) as caught:
        told(tmp_path, Tree([0.0, 0.6, 1.0, 1.5], RIGHT, INSIDE))
    assert caught.value.message == (
        "under emulation, row 1: expected {'prediction': 0.5} as on linux/amd64, "
        "got {'prediction': 0.6}"
    )


def test_another_answer_of_the_compiled_form_is_named(tmp_path: Path):
    with pytest.raises(PackageError, match=r"row 3: expected \(1.5, None\) of the compiled form"):
        told(tmp_path, Tree(RIGHT, [0.0, 0.5, 1.0, 1.6], INSIDE))


def test_no_row_in_the_domain_proves_nothing(tmp_path: Path):
    with pytest.raises(PackageError, match="no row is in the domain"):
        told(tmp_path, Tree(RIGHT, RIGHT, [False] * 4))


def test_without_a_compiled_form_the_model_is_compared(tmp_path: Path):
    found = told(tmp_path, Tree(RIGHT, [], []), "refused")
    assert found == "3 answers of the model equal, largest difference 0"


def test_an_edge_row_that_the_nulls_of_others_would_refuse_is_left_out(tmp_path: Path) -> None:
    """An integer beyond 2^53 and a null of one column are no request."""
    edges = ({**ROWS[0], "count": None}, {**ROWS[0], "count": -(2**53) - 1}, ROWS[3])
    given = _Rows((*ROWS[:3], *edges), GIVEN.expected)
    tree = Tree([0.0, 0.5, 1.0, 0.0, 1.5], [0.0, 0.5, 1.0, 0.0, 1.5], [True] * 5)
    found = told(tmp_path, tree, given=given)
    assert found.endswith("the compiled form equal to it on 5 rows")
    assert tree.asked["model"]["ask"]["values"][1] == [1, 1, 1, None, 1]
