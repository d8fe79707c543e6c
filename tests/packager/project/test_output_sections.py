"""Names and sections of the outputs of a new project."""

from __future__ import annotations

import ast
import tomllib

from packager.manifest.base import Task
from packager.project.output_sections import outputs_of, recipe_values, sections

TASKS: dict[str, Task] = {
    "price": "regression",
    "price ": "regression",
    "2nd": "classification",
    'a "b" é😀': "classification",
    "flags": "regression",
    "x" * 80: "regression",
}


def test_names_are_valid_and_different() -> None:
    names = [one.name for one in outputs_of(TASKS)]
    assert names == ["price", "price_", "_2nd", "a_b_", "flags_2", "x" * 50]
    twins: dict[str, Task] = {"é": "regression", "è": "regression", "_": "regression"}
    assert [one.name for one in outputs_of(twins)] == ["_", "__2", "__3"]


def test_sections_and_recipe_name_the_targets_as_they_are() -> None:
    outputs = outputs_of(TASKS)
    found = tomllib.loads(sections(outputs))["outputs"]
    assert [one["target"] for one in found.values()] == list(TASKS)
    assert found["_2nd"]["kind"] == "label"
    made = recipe_values(outputs, {"regression": "R", "classification": "C"})
    assert made["estimators"] == "C, R"
    tree = ast.parse(f"{{\n{made['outputs']}\n}}", mode="eval").body
    assert isinstance(tree, ast.Dict)
    columns = [ast.literal_eval(one.elts[0]) for one in tree.values if isinstance(one, ast.Tuple)]
    assert columns == list(TASKS)
