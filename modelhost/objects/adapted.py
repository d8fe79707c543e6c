"""Which adapter serves a fitted object: told by the module and name of its class alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelhost.objects.adapter import Asked

_ADAPTERS = {
    "lightgbm": ("boosters", "adapt_lightgbm"),
    "xgboost": ("boosters", "adapt_xgboost"),
    "catboost": ("catboosts", "adapt_catboost"),
    "statsmodels": ("statistics", "adapt_statsmodels"),
    "prophet": ("forecasts", "adapt_prophet"),
    "pmdarima": ("forecasts", "adapt_pmdarima"),
    "sktime": ("forecasts", "adapt_sktime"),
    "surprise": ("people", "adapt_surprise"),
    "lifelines": ("people", "adapt_lifelines"),
    "spacy": ("language", "adapt_spacy"),
    "transformers": ("language", "adapt_transformers"),
    "torch": ("tensors", "adapt_torch"),
    "keras": ("tensors", "adapt_keras"),
    "modelhost": ("graphs", "adapt_graph"),
    "sklearn": ("clusters", "adapt_clusters"),
}
"""First part of a module of a library → module and function of the adapter."""


def adapted(native: Any, asked: Asked) -> Any:
    """``native`` as a model with ``predict``; itself if it has the methods that are served.

    The adapters are those of the classes that ``native`` is of, and of a class of the project
    only if it has no ``predict`` of its own. No library is imported. Raises ``PackageError`` for
    an object that can't give one label or number per row.
    """
    if type(native) in (dict, list, tuple):
        from modelhost.objects.pipelines import adapt_members

        return adapt_members(native, asked)
    made = _made(native, asked)
    if made is not None:
        return made
    if asked.classes is None or asked.task != "classification":
        return native
    from modelhost.objects.labels import with_labels

    return with_labels(native, asked.classes)


def _made(native: Any, asked: Asked) -> Any:
    library = _library(native)
    if library is None:
        return None
    module, name = _ADAPTERS[library]
    return getattr(import_module(f"modelhost.objects.{module}"), name)(native, asked)


def _library(native: Any) -> str | None:
    """The first library with an adapter among the classes of ``native``."""
    for kind in type(native).__mro__:
        room = kind.__module__.split(".")[0]
        if room in _ADAPTERS:
            return room
        if "predict" in vars(kind):
            return None
    return None
