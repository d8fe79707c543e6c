"""Train: set the seeds and call the project's function, which returns the fitted model."""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from packager.digest import canonical_json
from packager.errors import UsageError
from packager.manifest.manifest import Recipe
from packager.model.cpu_count import set_cpu_count
from packager.model.project_code import find_object, project_errors

KEY = "[recipe] train"


def call_recipe(
    recipe: Recipe, features: pd.DataFrame, target: pd.Series[Any]
) -> tuple[Any, ModuleType]:
    """Call ``train(features, target, *, params, seed)``; return the model and its module.

    Python's and NumPy's global generators are seeded first, so that a recipe that doesn't pass
    ``seed`` on is still repeatable. Raise ``UsageError`` for a wrong signature, ``PackageError``
    if the recipe raises.
    """
    random.seed(recipe.seed)
    np.random.seed(recipe.seed % 2**32)
    module, train = find_object(recipe.train, KEY)
    if find_spec("joblib") is not None:
        import joblib  # noqa: F401  # loaded first, so that set_cpu_count can set its count

        set_cpu_count()
    # Through canonical JSON, so that build and replay have the same order of keys.
    params = json.loads(canonical_json(recipe.params))
    _check_signature(recipe.train, train, params)
    with project_errors("the recipe"):
        model = train(features, target, params=params, seed=recipe.seed)
    return model, module


def _check_signature(spec: str, train: Callable[..., Any], params: dict[str, Any]) -> None:
    try:
        inspect.signature(train).bind(None, None, params=params, seed=0)
    except TypeError as error:
        raise UsageError(
            f"{KEY}: expected {spec} to take (features, target, *, params, seed), got"
            f" {inspect.signature(train)}: {error}",
            "define it as: def train(features, target, *, params, seed)",
        ) from error
