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

from modelhost.cpu_count import set_cpu_count
from modelhost.errors import UsageError
from modelhost.project_code import find_object, project_errors

KEY = "[recipe] train"


def call_recipe(
    train: str, params: dict[str, Any], seed: int, features: Any, target: Any
) -> tuple[Any, ModuleType]:
    """Call ``train(features, target, *, params, seed)``; return the model and its module.

    Python's and NumPy's global generators are seeded first, so that a recipe that doesn't pass
    ``seed`` on is still repeatable. Raise ``UsageError`` for a wrong signature, ``PackageError``
    if the recipe raises.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    module, function = find_object(train, KEY)
    if find_spec("joblib") is not None:
        import joblib  # noqa: F401  # loaded first, so that set_cpu_count can set its count

        set_cpu_count()
    # Through sorted JSON, so that build and replay have the same order of keys.
    params = json.loads(json.dumps(params, sort_keys=True))
    _check_signature(train, function, params)
    with project_errors("the recipe"):
        model = function(features, target, params=params, seed=seed)
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
