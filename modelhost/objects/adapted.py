"""The adapter of a fitted object, by the module and name of its class alone."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.boosters import adapt_lightgbm, adapt_xgboost
from modelhost.objects.catboosts import adapt_catboost
from modelhost.objects.clusters import adapt_clusters
from modelhost.objects.forecasts import adapt_pmdarima, adapt_prophet, adapt_sktime
from modelhost.objects.graphs import adapt_graph
from modelhost.objects.labels import with_labels
from modelhost.objects.language import adapt_spacy, adapt_transformers
from modelhost.objects.pipelines import adapt_members
from modelhost.objects.statistics import adapt_statsmodels
from modelhost.objects.survival_and_ratings import adapt_lifelines, adapt_surprise
from modelhost.objects.tensors import adapt_keras, adapt_torch

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


def adapted(native: Any, declared: DeclaredAnswers) -> Any:
    """``native`` as a model with ``predict``; itself if it has the methods that are served.

    The adapters are those of the classes that ``native`` is of, and of a class of the project
    only if it has no ``predict`` of its own. No library is imported. Raises ``PackageError`` for
    an object that can't give one label or number per row.
    """
    if type(native) in (dict, list, tuple):
        return adapt_members(native, declared)
    made = _made(native, declared)
    if made is not None:
        return made
    if declared.classes is None or declared.task != "classification":
        return native
    return with_labels(native, declared.classes)


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
