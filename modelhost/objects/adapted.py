"""The adapter of a fitted object, by the module and name of its class alone."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.boosters import (
    adapt_lightgbm,
    adapt_xgboost,
    lightgbm_outputs,
    xgboost_outputs,
)
from modelhost.objects.catboosts import adapt_catboost, catboost_outputs
from modelhost.objects.clusters import adapt_clusters
from modelhost.objects.forecasts import (
    adapt_pmdarima,
    adapt_prophet,
    adapt_sktime,
    pmdarima_outputs,
    sktime_outputs,
)
from modelhost.objects.graphs import adapt_graph
from modelhost.objects.keras_models import adapt_keras
from modelhost.objects.labels import with_labels
from modelhost.objects.language import (
    adapt_spacy,
    adapt_transformers,
    spacy_outputs,
    transformers_outputs,
)
from modelhost.objects.output_adapter import refuse_outputs
from modelhost.objects.pipelines import adapt_members
from modelhost.objects.statistics import adapt_statsmodels, statsmodels_outputs
from modelhost.objects.survival_and_ratings import (
    adapt_lifelines,
    adapt_surprise,
    lifelines_outputs,
    surprise_outputs,
)
from modelhost.objects.tensors import adapt_torch
from modelhost.output_spec import OutputSpec

_ADAPTERS: Mapping[str, Callable[[Any, DeclaredAnswers], Any]] = {
    "lightgbm": adapt_lightgbm,
    "xgboost": adapt_xgboost,
    "catboost": adapt_catboost,
    "statsmodels": adapt_statsmodels,
    "prophet": adapt_prophet,
    "pmdarima": adapt_pmdarima,
    "sktime": adapt_sktime,
    "surprise": adapt_surprise,
    "lifelines": adapt_lifelines,
    "spacy": adapt_spacy,
    "transformers": adapt_transformers,
    "torch": adapt_torch,
    "keras": adapt_keras,
    "modelhost": adapt_graph,
    "sklearn": adapt_clusters,
}
"""First part of the module of a library's class → its adapter."""
_OUTPUTS: Mapping[str, Callable[[Any, Sequence[OutputSpec]], Any]] = {
    "lightgbm": lightgbm_outputs,
    "xgboost": xgboost_outputs,
    "catboost": catboost_outputs,
    "statsmodels": statsmodels_outputs,
    "pmdarima": pmdarima_outputs,
    "sktime": sktime_outputs,
    "surprise": surprise_outputs,
    "lifelines": lifelines_outputs,
    "spacy": spacy_outputs,
    "transformers": transformers_outputs,
}
"""The same → its adapter for ``[outputs]``, which gives None for one label or one number."""
_TENSORS = ("torch", "keras", "modelhost")
"""Libraries whose usual adapter answers ``[outputs]``."""
_OF_ONE = {"label": "classification", "number": "regression", "score": "regression"}
"""Kind of a single output → the task whose adapter gives it."""


def adapted(native: Any, declared: DeclaredAnswers) -> Any:
    """``native`` as a model with ``predict``; itself if it has the methods that are served.

    The adapters are those of the classes that ``native`` is of, and of a class of the project
    only if it has no ``predict`` of its own. No library is imported. Raises ``PackageError`` for
    an object that can't give what is declared.
    """
    if declared.outputs:
        return _with_outputs(native, declared)
    if type(native) in (dict, list, tuple):
        return adapt_members(native, declared)
    model = _made(native, declared)
    if model is not None:
        return model
    if declared.classes is None or declared.task != "classification":
        return native
    return with_labels(native, declared.classes)


def _with_outputs(native: Any, declared: DeclaredAnswers) -> Any:
    """``native`` as a model that answers ``[outputs]``."""
    outputs, library = declared.outputs, _library(native)
    as_one = _of_one(declared)
    if type(native) in (dict, list, tuple):
        return adapt_members(native, as_one or DeclaredAnswers("regression"))
    if library is None or library == "sklearn":
        return native
    if library in _TENSORS:
        return _ADAPTERS[library](native, declared)
    made = _OUTPUTS[library](native, outputs) if library in _OUTPUTS else None
    if made is None and as_one is not None:
        made = _ADAPTERS[library](native, as_one)
        return native if made is None else made
    if made is None:
        raise refuse_outputs(type(native).__name__, "one label or number a row", outputs)
    return made


def _of_one(declared: DeclaredAnswers) -> DeclaredAnswers | None:
    """The same as one label or one number; None for other outputs."""
    task = _OF_ONE.get(declared.outputs[0].kind) if len(declared.outputs) == 1 else None
    if task is None:
        return None
    return DeclaredAnswers(task, declared.outputs[0].classes or declared.classes)  # type: ignore[arg-type]


def _made(native: Any, declared: DeclaredAnswers) -> Any:
    library = _library(native)
    if library is None:
        return None
    return _ADAPTERS[library](native, declared)


def _library(native: Any) -> str | None:
    """The first library with an adapter among the classes of ``native``."""
    for kind in type(native).__mro__:
        room = kind.__module__.split(".")[0]
        if room in _ADAPTERS:
            return room
        if "predict" in vars(kind):
            return None
    return None
