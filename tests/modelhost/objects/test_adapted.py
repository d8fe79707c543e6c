"""Which objects are adapted: by the class, and not those of a project with their own predict."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.linear_model import LinearRegression

from modelhost.errors import PackageError
from modelhost.objects.adapted import adapted
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.output_spec import OutputSpec

REGRESSION = DeclaredAnswers("regression")


def of_library(name: str, **members: Any) -> type:
    return type("Algorithm", (), {"__module__": f"{name}.inner", **members})


def test_estimators_are_served_as_they_are() -> None:
    model = LinearRegression()
    assert adapted(model, REGRESSION) is model


def test_a_class_of_the_project_predicts_by_itself() -> None:
    base = of_library("surprise", predict=lambda *_: None)
    own = type("Own", (base,), {"__module__": "train", "predict": lambda *_: 1})
    assert type(adapted(own(), REGRESSION)) is own
    inherited = type("Own", (base,), {"__module__": "train"})
    assert type(adapted(inherited(), REGRESSION)) is not inherited


def test_outputs_that_a_library_does_not_give_are_refused() -> None:
    prophet = of_library("prophet", predict=lambda *_: None)()
    declared = DeclaredAnswers("outputs", None, (OutputSpec("y", "quantiles", levels=(0.5,)),))
    with pytest.raises(PackageError, match=r"one label or number a row, expected .*quantiles"):
        adapted(prophet, declared)
    own = type("Own", (), {"__module__": "train", "predict": lambda *_: 1})()
    assert adapted(own, declared) is own
