"""The loader of the model host for the model that ``[model]`` names."""

from __future__ import annotations

from modelhost.errors import PackageError
from modelhost.loaders.formats import PREFIX, found_format
from modelhost.solution.spec import SOLUTION
from packager.errors import UsageError
from packager.project.config import FILENAME, Project

JOBLIB = "joblib"


def model_loader(project: Project) -> str:
    """The value of ``Serve.loader``: that of the format of the model's file, else joblib.

    Raises ``UsageError`` for a file or folder that no loader reads, unless a predictor reads it.
    """
    if project.member:
        return SOLUTION
    if project.model is None or project.serve.predictor != "auto":
        return JOBLIB
    path = project.path(project.model.path)
    try:
        model_format = found_format(path, f"{FILENAME}: `model.path`: {project.model.path}")
    except PackageError as error:
        raise UsageError(error.message, error.hint) from error
    if model_format is None and path.is_dir():
        raise UsageError(
            f"{FILENAME}: `model.path`: {project.model.path}: expected a folder of spaCy or"
            " transformers, or with one ONNX graph, got another one",
            "name the model's file, or read the folder by a class of the project:"
            ' [serve] predictor = "predict:Predictor"',
        )
    return JOBLIB if model_format is None else PREFIX + model_format.name
