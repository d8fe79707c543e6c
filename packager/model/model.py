"""The model in this process, loaded as the package describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import modelhost.model
from modelhost.model import LoadedModel
from modelhost.predictions import Predictions
from packager.manifest.base import Scalar, Task
from packager.manifest.manifest import Serve
from packager.model.paths import Root

__all__ = ["LoadedModel", "Model", "Predictions", "load_model", "load_model_from"]


class Model(Protocol):
    """A model that answers frames: in this process, or in one of the model host."""

    @property
    def task(self) -> Task:
        """What it predicts: labels or numbers."""

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
    def type_name(self) -> str:
        """The class of the model."""

    def predict(self, frame: Any, /) -> Predictions:
        """Predict for ``frame``; raise ``PackageError`` for an invalid result."""


def load_model(root: Root, serve: Serve, task: Task) -> LoadedModel:
    """Load the model at ``/models/model`` as ``serve`` defines; raise ``PackageError`` on failure.

    ``auto``: joblib, or ``load(path)`` of the module ``serve.loader``. Otherwise ``module:Class``,
    whose ``load(path)`` returns the predictor.
    """
    return load_model_from(root.model, serve, task)


def load_model_from(path: Path, serve: Serve, task: Task) -> LoadedModel:
    """Like ``load_model``, for a model at ``path``."""
    return modelhost.model.load_model(path, serve.predictor, serve.loader, task)
