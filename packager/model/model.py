"""The model in this process, loaded as the package describes."""

from __future__ import annotations

from pathlib import Path

import modelhost.model
from modelhost.model import LoadedModel
from modelhost.predictions import Predictions
from packager.manifest.base import Task
from packager.manifest.manifest import Serve
from packager.model.paths import Root

__all__ = ["LoadedModel", "Predictions", "load_model", "load_model_from"]


def load_model(root: Root, serve: Serve, task: Task) -> LoadedModel:
    """Load the model at ``/models/model`` as ``serve`` defines; raise ``PackageError`` on failure.

    ``auto``: joblib, or ``load(path)`` of the module ``serve.loader``. Otherwise ``module:Class``,
    whose ``load(path)`` returns the predictor.
    """
    return load_model_from(root.model, serve, task)


def load_model_from(path: Path, serve: Serve, task: Task) -> LoadedModel:
    """Like ``load_model``, for a model at ``path``."""
    return modelhost.model.load_model(path, serve.predictor, serve.loader, task)
