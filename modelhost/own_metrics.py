"""Metrics of the project's own: calls its function and checks what it returns."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any, Callable, Dict, Mapping

import numpy as np

from modelhost.errors import PackageError, UsageError
from modelhost.predictions import Predictions
from modelhost.project_code import find_object, project_errors
from modelhost.text import display_value, truncate

KEY = "[recipe] metrics"
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
MAX_OWN_METRICS = 50
Measured = Dict[str, Any]


def call_metrics(spec: str, features: Any, target: Any, predictions: Predictions) -> Measured:
    """Call ``metrics(features, target, answers, *, probabilities)``; return what it measures.

    ``answers``: one for each row, as ``/predict`` gives them; ``probabilities``: shape (rows,
    classes), or None. The result is a number, or a list with a number or None for each row, by
    name. Raise ``UsageError`` for a wrong signature or result, ``PackageError`` if it raises.
    """
    _, function = find_object(spec, KEY)
    _check_signature(spec, function)
    with project_errors("the function of [recipe] metrics"):
        measured = function(
            features, target, list(predictions.labels), probabilities=predictions.probabilities
        )
    if not isinstance(measured, Mapping) or len(measured) > MAX_OWN_METRICS:
        got = (
            f"{len(measured)} of them" if isinstance(measured, Mapping) else type(measured).__name__
        )
        raise _wrong(f"expected a dict of at most {MAX_OWN_METRICS} metrics, got {got}")
    return {
        _name(name): _value(name, value, len(predictions.labels))
        for name, value in measured.items()
    }


def _check_signature(spec: str, function: Callable[..., Any]) -> None:
    try:
        inspect.signature(function).bind(None, None, None, probabilities=None)
    except TypeError as error:
        raise UsageError(
            f"{KEY}: expected {spec} to take (features, target, answers, *, probabilities), got"
            f" {inspect.signature(function)}: {error}",
            "define it as: def metrics(features, target, answers, *, probabilities)",
        ) from error


def _name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.match(name):
        raise _wrong(
            f"expected names of lower-case letters, digits and _, got {truncate(repr(name))}"
        )
    return name


def _value(name: Any, value: Any, rows: int) -> Any:
    """A finite number, or one for each row; NaN is None there."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _wrong(f"expected numbers in {name!r}, got {truncate(str(error))}") from error
    if array.ndim == 0 and math.isfinite(array):
        return float(array)
    if array.shape == (rows,) and not np.isinf(array).any():
        return [None if math.isnan(number) else number for number in array.tolist()]
    got = display_value(value) if array.ndim == 0 else f"an array of shape {array.shape}"
    raise _wrong(f"expected a finite number or {rows} of them in {name!r}, got {got}")


def _wrong(message: str) -> PackageError:
    return UsageError(
        f"{KEY}: {message}", "return a dict of numbers, or of one number for each row"
    )
