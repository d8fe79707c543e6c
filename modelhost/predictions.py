"""A model's answers: accepted in any common form, checked, and stored as plain values."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Mapping, Sequence, Union

import numpy as np

from modelhost.errors import PackageError
from modelhost.text import display_value

if TYPE_CHECKING:
    import numpy.typing as npt

Scalar = Union[bool, int, float, str]
Task = Literal["classification", "regression", "outputs"]


@dataclass(frozen=True)
class Predictions:
    """Answers for a batch of rows.

    ``labels``: one per row, or of :mod:`modelhost.outputs` one answer in the form of JSON; a number
    that isn't finite is None, because JSON can't represent it. ``probabilities``: shape (rows,
    classes), in the order of the model's classes; None if the task is regression or the model has
    none. ``more``: further entries of each row's answer. ``absent``: member of a solution → the
    rows for which it gave no answer, in order.
    """

    labels: list[Any]
    probabilities: npt.NDArray[np.float64] | None
    more: list[dict[str, Any]] | None = None
    absent: Mapping[str, Sequence[int]] | None = None

    def at(self, rows: Sequence[int]) -> Predictions:
        """The answers for the rows at these positions."""
        absent = self._absent_at(rows)
        if isinstance(rows, range) and rows.step == 1 and rows.start >= 0:
            part, chances = slice(rows.start, rows.stop), self.probabilities
            more = None if self.more is None else self.more[part]
            return Predictions(
                self.labels[part], None if chances is None else chances[part], more, absent
            )
        probabilities = None if self.probabilities is None else self.probabilities[list(rows)]
        more = None if self.more is None else [self.more[row] for row in rows]
        return Predictions([self.labels[row] for row in rows], probabilities, more, absent)

    def _absent_at(self, rows: Sequence[int]) -> Mapping[str, Sequence[int]] | None:
        if not self.absent:
            return None
        known = {name: frozenset(own) for name, own in self.absent.items()}
        positions = {
            name: [index for index, row in enumerate(rows) if row in own]
            for name, own in known.items()
        }
        return {name: own for name, own in positions.items() if own} or None


def scalars(values: Any) -> list[Scalar | None]:
    """Labels as plain Python values; missing and non-finite ones are None.

    Raise ``PackageError`` for anything that isn't text, a number or a boolean.
    """
    return [_scalar(value) for value in _flat(values)]


def _scalar(value: Any) -> Scalar | None:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float):
        return plain if math.isfinite(plain) else None
    if isinstance(plain, (bool, int, str)):
        return plain
    if plain is None or _is_missing(plain):
        return None
    raise PackageError(
        f"expected text, a number or a boolean as label, got {type(plain).__name__}",
        "return plain labels, one per row",
    )


def _flat(values: Any) -> list[Any]:
    """A list of ``values``: list, array, series, or one column of any of these."""
    if isinstance(values, (list, tuple)):
        return list(values)  # not through an array, which would turn ["a", 1] into text
    if _is_of_pandas(values, "Series", "Index"):
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
    expected = "label" if task == "classification" else "number"
    labels = scalars(answer)
    if len(labels) != rows:
        raise PackageError(
            f"predict gave {len(labels)} values for {rows} rows, expected one {expected} per row",
            "return exactly one value for every row of the frame",
        )
    if task == "regression":
        for label in labels:
            if isinstance(label, (str, bool)):
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


def is_frame(value: Any) -> bool:
    """Whether ``value`` is a data frame of pandas, which need not be installed."""
    return _is_of_pandas(value, "DataFrame")


def _is_missing(value: Any) -> bool:
    """Whether ``value`` is one of pandas' two markers of a missing value."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is getattr(pandas, "NA", pandas) or value is pandas.NaT)


def _is_of_pandas(value: Any, *names: str) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, tuple(getattr(pandas, n) for n in names))
