"""Column names that a fitted model recorded in training, for each supported library."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

_SPACE = re.compile(r"\s")
_ATTRIBUTES = ("feature_names_in_", "feature_name_", "feature_names_", "feature_names")
"""scikit-learn (and XGBoost's estimators); LightGBM's estimators; CatBoost; XGBoost's Booster."""

_NUMBERED = {"lightgbm": "Column_{}", "catboost": "{}"}


def feature_names(native: Any) -> tuple[str, ...] | None:
    """The names in the order of training; None if the model recorded none.

    Those of a pipeline are its first step's, those of a search its best model's.
    """
    libraries = {kind.__module__.split(".")[0] for kind in type(native).__mro__}
    for attribute in _ATTRIBUTES:
        names = _texts(getattr(native, attribute, None))
        if names is not None:
            return None if _is_made_up(names, libraries) else names
    if "lightgbm" in libraries:
        method = getattr(native, "feature_name", None)  # of a Booster
        names = _texts(method()) if callable(method) else None
        return None if names is None or _is_made_up(names, libraries) else names
    inner = _first_step(native)
    if inner is None:
        inner = getattr(native, "best_estimator_", None)
    return None if inner is None or isinstance(inner, str) else feature_names(inner)


def columns_named(names: Sequence[str], columns: Sequence[str]) -> tuple[str, ...] | None:
    """The ``columns`` that a model's ``names`` refer to; None unless each name has a column.

    LightGBM writes ``my column`` as ``my_column``.
    """
    known = {_SPACE.sub("_", column): column for column in columns}
    if len(known) < len(columns):
        known = {}
    known.update((column, column) for column in columns)
    if not names or len(set(names)) < len(names) or any(name not in known for name in names):
        return None
    return tuple(known[name] for name in names)


def _first_step(native: Any) -> Any:
    """The model of a pipeline's first step; None for a model of another kind of ``steps``."""
    steps = getattr(native, "steps", None)
    first = steps[0] if isinstance(steps, list) and steps else None
    return first[1] if isinstance(first, tuple) and len(first) == 2 else None


def _texts(names: Any) -> tuple[str, ...] | None:
    if callable(names) or isinstance(names, str) or not hasattr(names, "__iter__"):
        return None
    return tuple(str(name) for name in names) or None


def _is_made_up(names: Sequence[str], libraries: Collection[str]) -> bool:
    """Whether the library numbered the columns, because it was fitted on an array."""
    return any(
        library in libraries and names == tuple(form.format(n) for n in range(len(names)))
        for library, form in _NUMBERED.items()
    )
