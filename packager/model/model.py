"""The interface of a packaged model, wherever it is loaded."""

from __future__ import annotations

from typing import Any, Protocol

from modelhost.output_spec import OutputSpec
from modelhost.predictions import Predictions
from packager.manifest.base import Scalar, Task

__all__ = ["Model", "Predictions"]


class Model(Protocol):
    """A model that answers frames."""

    @property
    def task(self) -> Task:
        """The task: classification or regression."""

    @property
    def classes(self) -> tuple[Scalar, ...] | None:
        """The model's ``classes_``; None for regression, or if the model has none."""

    @property
    def has_probabilities(self) -> bool:
        """Whether it gives the probability of each class."""

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The columns that it recorded in training, in order; None if it recorded none."""

    @property
    def feature_count(self) -> int | None:
        """The number of columns that it recorded in training; None if it recorded none."""

    @property
    def outputs(self) -> tuple[OutputSpec, ...]:
        """Its outputs, if the task is ``outputs``."""

    @property
    def type_name(self) -> str:
        """The class of the model."""

    def predict(self, frame: Any, /) -> Predictions:
        """Predict for ``frame``; raise ``PackageError`` for an invalid result."""
