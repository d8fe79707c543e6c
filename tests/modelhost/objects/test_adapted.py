"""Which objects are adapted: by the class, and not those of a project with their own predict."""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import LinearRegression

from modelhost.objects.adapted import adapted
from modelhost.objects.adapter import DeclaredAnswers

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
