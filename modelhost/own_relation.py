"""Metamorphic cases: calls the project's function of a relation and checks what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from modelhost.errors import UsageError
from modelhost.model import LoadedModel
from modelhost.project_code import find_object, project_errors
from modelhost.text import truncate

KEY = "[[test.case]] call"


class Predict:
    """The function's ``predict``: the model's answers to a frame, or an array, of its features."""

    def __init__(self, model: LoadedModel, specs: Sequence[Any]) -> None:
        self._model = model
        self._specs = specs

    def __call__(self, frame: Any) -> Any:
        """An array with the answer of each row: numbers, or else objects, null as NaN or None."""
        labels = self._model.predict(frame, self._specs).labels
        if all(isinstance(label, float) or label is None for label in labels):
            return np.array([np.nan if label is None else label for label in labels], np.float64)
        answers = np.empty(len(labels), object)
        answers[:] = labels
        return answers

    def probabilities(self, frame: Any) -> Any:
        """An array of shape (rows, classes), or None if the model gives none."""
        return self._model.predict(frame, self._specs).probabilities


def call_relation(spec: str, frame: Any, model: LoadedModel, specs: Sequence[Any]) -> list[bool]:
    """Call ``function(frame, predict)``; return whether the relation holds for each row.

    Raise ``UsageError`` for a wrong signature or result, ``PackageError`` if it raises.
    """
    _, function = find_object(spec, KEY)
    _check_signature(spec, function)
    with project_errors(f"the function {spec} of [[test.case]]"):
        holds = np.asarray(function(frame.copy(), Predict(model, specs)))
    if holds.shape != (len(frame),) or not _boolean(holds):
        got = (
            f"{holds.dtype} of shape {holds.shape}" if holds.ndim else truncate(repr(holds.item()))
        )
        raise UsageError(
            f"{KEY}: expected {spec} to return true or false for each of {len(frame)} rows, got "
            f"{got}",
            "return an array of booleans, such as predict(changed) > predict(frame)",
        )
    return [bool(one) for one in holds.tolist()]


def _boolean(holds: Any) -> bool:
    return holds.dtype == bool or all(isinstance(one, (bool, np.bool_)) for one in holds.tolist())


def _check_signature(spec: str, function: Callable[..., Any]) -> None:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise UsageError(
            f"{KEY}: expected {spec} to take (frame, predict), got {inspect.signature(function)}",
            "define it as: def scale(frame, predict)",
        ) from error
