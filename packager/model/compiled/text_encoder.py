"""The features of documents: n-gram counts after their stages, as scikit-learn computes them.

Every sum is taken one number after another in the order of the features, as scikit-learn's loops
over sparse rows do, so that no rounding differs.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.model.compiled.ngrams import Counts, counter
from packager.model.compiled.stored_arrays import array_of
from packager.model.compiled.text_form import Text, TextStage

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Features = tuple[Integers, Floats]
"""Features in increasing order, and their values."""
Stage = Callable[[Integers, Floats], Features]


class TextEncoder:
    """Computes the features of one text column."""

    def __init__(self, text: Text, content: bytes | mmap.mmap) -> None:
        """``content``: the file of the form's arrays; raises ``PackageError`` if it is damaged."""
        self.column = text.column
        self.start = text.start
        self._counts = counter(text, content)
        self._stages = [_stage(stage, content) for stage in text.stages]

    def row(self, document: Any) -> Features | None:
        """Positions in the matrix and values of one document; None outside the domain."""
        counted: Counts | None = None if document is None else self._counts(document)
        if counted is None:
            return None
        places, values = counted[0], counted[1].astype(np.float64)
        for stage in self._stages:
            places, values = stage(places, values)
        return places + self.start, values


def joined(parts: Sequence[Features]) -> Features:
    """Several features of one row, in increasing order of their positions."""
    if len(parts) == 1:
        return parts[0]
    places = np.concatenate([places for places, _ in parts])
    values = np.concatenate([values for _, values in parts])
    order = places.argsort(kind="stable")
    return places[order], values[order]


def _stage(stage: TextStage, content: bytes | mmap.mmap) -> Stage:
    values: Any = None if stage.values is None else array_of(stage.values, content)
    if stage.name == "multiply":
        return lambda places, found: (places, found * values[places])
    if stage.name == "select":
        return lambda places, found: _selected(values[places], found)
    if stage.name == "above":
        limit = stage.threshold or 0.0
        return lambda places, found: (places, (found > limit).astype(np.float64))
    function = _FUNCTIONS[stage.name]
    return lambda places, found: (places, function(found))


def _selected(places: Any, found: Floats) -> Features:
    kept = places >= 0
    return places[kept].astype(np.int64), found[kept]


def _divided(found: Floats, norm: float) -> Floats:
    return found / norm if norm else found


def in_order(values: Floats) -> float:
    """The sum of ``values``, one after another: NumPy's own sum adds them in pairs."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "ones": np.ones_like,
    "log": lambda found: np.log(found) + 1.0,
    "l1": lambda found: _divided(found, in_order(np.abs(found))),
    "l2": lambda found: _divided(found, math.sqrt(in_order(found * found))),
    "max": lambda found: _divided(found, float(np.abs(found).max(initial=0.0))),
}
