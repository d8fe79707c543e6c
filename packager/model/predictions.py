"""A model's answers: accepted in any common form, checked, and stored as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.metrics.class_labels import class_text
from packager.errors import PackageError
from packager.manifest.base import Scalar, Task
from packager.text import display_value


@dataclass(frozen=True)
class Predictions:
    """Answers for a batch of rows.

    ``labels``: one per row; a number that isn't finite is None, because JSON can't represent it.
    ``probabilities``: shape (rows, classes), in the order of the model's classes; None if the task
    is regression or the model has none.
    """

    labels: list[Scalar | None]
    probabilities: npt.NDArray[np.float64] | None

    def answers(self, classes: Sequence[Scalar] | None) -> list[dict[str, Any]]:
        """One JSON object per row: ``prediction`` and, if available, ``probabilities``, keyed by
        the text of the class."""
        if self.probabilities is None or classes is None:
            return [{"prediction": label} for label in self.labels]
        names = [class_text(label) for label in classes]
        return [
            {"prediction": label, "probabilities": dict(zip(names, _finite(row), strict=True))}
            for label, row in zip(self.labels, self.probabilities.tolist(), strict=True)
        ]

    def at(self, rows: Sequence[int]) -> Predictions:
        """The answers for the rows at these positions."""
        chosen = None if self.probabilities is None else self.probabilities[list(rows)]
        return Predictions([self.labels[row] for row in rows], chosen)


def finite(answer: Mapping[str, Any]) -> bool:
    """Whether an answer of ``Predictions.answers`` contains no null."""
    chances = answer.get("probabilities") or {}
    return answer["prediction"] is not None and None not in chances.values()


def scalars(values: Any) -> list[Scalar | None]:
    """Labels as plain Python values; missing and non-finite ones are None.

    Raise ``PackageError`` for anything that isn't text, a number or a boolean.
    """
    return [_scalar(value) for value in _flat(values)]


def _scalar(value: Any) -> Scalar | None:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float):
        return plain if math.isfinite(plain) else None
    if isinstance(plain, bool | int | str):
        return plain
    if plain is None or plain is pd.NA or plain is pd.NaT:
        return None
    raise PackageError(
        f"expected text, a number or a boolean as label, got {type(plain).__name__}",
        "return plain labels, one per row",
    )


def _flat(values: Any) -> list[Any]:
    """A list of ``values``: list, array, series, or one column of any of these."""
    if isinstance(values, list | tuple):
        return list(values)  # not through an array, which would turn ["a", 1] into text
    if isinstance(values, pd.Series | pd.Index):
        return list(values.tolist())
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise PackageError(
            f"expected one value per row, got {type(values).__name__} of shape {array.shape}",
            "return a list or a one-dimensional array",
        )
    return list(array.tolist())


def checked_labels(answer: Any, rows: int, task: Task) -> list[Scalar | None]:
    """The result of ``predict`` for ``rows`` rows, as labels; floats for regression.

    Raise ``PackageError`` unless it is one label (or number) per row.
    """
    wanted = "label" if task == "classification" else "number"
    labels = scalars(answer)
    if len(labels) != rows:
        raise PackageError(
            f"predict gave {len(labels)} values for {rows} rows, expected one {wanted} per row",
            "return exactly one value for every row of the frame",
        )
    if task == "regression":
        for label in labels:
            if isinstance(label, str | bool):
                raise PackageError(
                    f"predict gave {display_value(label)}, expected a number",
                    'return numbers, or set task = "classification" under [package]',
                )
        return [None if label is None else float(label) for label in labels]
    return labels


def checked_probabilities(answer: Any, rows: int, classes: int) -> npt.NDArray[np.float64]:
    """The result of ``predict_proba`` as float64; raise ``PackageError`` unless (rows, classes)."""
    array = np.asarray(answer, dtype=np.float64)
    if array.shape != (rows, classes):
        raise PackageError(
            f"predict_proba gave an array of shape {array.shape}, expected {(rows, classes)}"
            " (rows, classes)",
            "return one column for every label in classes_",
        )
    return array


def _finite(row: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in row]
