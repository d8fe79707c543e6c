"""The compiled form of a model, as the server loads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.manifest import Scalar, Schema, Task
from packager.worker.paths import Root
from packager.worker.predictions import Predictions


class CompiledModel:
    """A compiled form of the model, equal to it on its domain."""

    classes: tuple[Scalar, ...] | None

    def predict_row(self, values: Sequence[Any]) -> tuple[Scalar, list[float] | None] | None:
        """One row's answer; None outside the domain."""
        raise NotImplementedError

    def predict_rows(
        self, columns: Sequence[Sequence[Any]]
    ) -> tuple[Predictions, npt.NDArray[np.bool_]]:
        """All rows' answers, and which rows are inside the domain."""
        raise NotImplementedError


def load_compiled(root: Root, schema: Schema, task: Task) -> CompiledModel | None:
    """None: this package has no compiled form."""
    return None
