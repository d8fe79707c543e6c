"""When the answers of the compiled form and of the model are equal."""

from __future__ import annotations

import math

import pytest
from case_models import manifest_of

from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Manifest
from packager.model.compiled.agreement import answers_agree


def manifest(task: str) -> Manifest:
    compiled = Compilation(verdict="equal", tolerance=1e-6)
    return manifest_of().model_copy(update={"task": task, "compiled": compiled})


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (("a", [0.5, 0.5]), ("a", [0.5, 0.5 + 1e-7]), True),
        (("a", [0.5, 0.5]), ("a", [0.5, 0.5 + 1e-5]), False),
        (("a", [0.5, 0.5]), ("a", [0.5, math.nan]), False),
        (("a", [0.5, 0.5]), ("b", [0.5, 0.5]), False),
        (("a", [0.5, 0.5]), ("a", [0.5]), False),
        (("a", None), ("a", [1.0]), False),
        ((1, None), (True, None), False),
        (("a", None), ("a", None), True),
    ],
)
def test_labels_are_equal_and_probabilities_near(one, other, equal: bool):
    assert answers_agree(manifest("classification"), one, other) is equal


def test_numbers_are_near_relative_to_their_size():
    regression = manifest("regression")
    assert answers_agree(regression, (1e6, None), (1e6 + 0.5, None))
    assert not answers_agree(regression, (1.0, None), (1.5, None))
    assert not answers_agree(regression, (1.0, None), (None, None))
