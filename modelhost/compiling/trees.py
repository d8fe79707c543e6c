"""The trees of a fitted ensemble as tables, which the harness converts to treelite's trees.

scikit-learn's are described in :mod:`modelhost.compiling.sklearn_trees`. LightGBM's and XGBoost's
are the bytes that their own libraries write: ``{"bytes": array of uint8}``.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, NamedTuple

import numpy as np

from modelhost.compiling.provenance import describe, library_of
from modelhost.compiling.sklearn_trees import (
    BINNED_ENSEMBLES,
    FORESTS,
    SINGLE_TREES,
    STAGED_ENSEMBLES,
    binned_tables,
    forest_tables,
    staged_tables,
)
from modelhost.objects.adapter import Adapter

Arrays = Dict[str, Any]
"""Name → NumPy array of one dimension."""

_XGBOOST_WITH_UBJSON = (2, 1)
"""The first version whose UBJSON treelite reads; earlier ones write JSON."""


class Head(NamedTuple):
    """One way to compute the answers from the encoded matrix."""

    described: dict[str, Any]
    """``{"head", "tolerance"}``: a head of a compiled form; ``{"trees"}``: the kind and the
    settings of tables; or ``{"refused"}``: why there are no tables of its trees."""
    arrays: Arrays = {}


class _RefusedError(Exception):
    """Why an ensemble has no tables."""


def has_trees(estimator: Any) -> bool:
    """Whether an estimator is a supported tree or tree ensemble."""
    name, room = type(estimator).__name__, library_of(estimator)
    if room == "sklearn":
        return name in FORESTS | STAGED_ENSEMBLES | BINNED_ENSEMBLES | SINGLE_TREES
    return hasattr(estimator, "booster_") or hasattr(estimator, "get_booster")


def trees_of(estimator: Any, index: int | None = None) -> Head:
    """The tables of a tree ensemble, or why there are none.

    ``index``: of which of its answers, if it gives several for a row.
    """
    name = describe(estimator)
    try:
        settings, arrays = _tables(estimator, index)
    except _RefusedError as refused:
        return Head({"refused": str(refused)})
    except (NotImplementedError, AssertionError, ValueError) as error:
        return Head({"refused": f"treelite can't take {name}: {error}".strip(": ")})
    return Head({"trees": {"estimator": name, **settings}}, arrays)


def _tables(estimator: Any, index: int | None) -> tuple[dict[str, Any], Arrays]:
    name, room = type(estimator).__name__, library_of(estimator)
    if index is not None:
        if name not in FORESTS | SINGLE_TREES:
            raise _RefusedError("it has several outputs")
        return forest_tables(estimator, index)
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise _RefusedError("it has several outputs")
    if room == "sklearn":
        if name in BINNED_ENSEMBLES:
            return binned_tables(estimator)
        return staged_tables(estimator) if name in STAGED_ENSEMBLES else forest_tables(estimator)
    return _lightgbm(estimator) if room == "lightgbm" else _xgboost(estimator)


def _lightgbm(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    text = estimator.booster_.model_to_string()
    if "\nis_linear=1" in text:
        raise _RefusedError("LightGBM has linear models in its leaves")
    if estimator.get_params().get("pred_early_stop"):
        raise _RefusedError("LightGBM stops early when it predicts")
    missing = {
        (int(kind) >> 2) & 3
        for line in text.splitlines()
        if line.startswith("decision_type=")
        for kind in line.partition("=")[2].split()
    }
    if 1 in missing:
        raise _RefusedError("LightGBM treats zeros as missing")
    return {"kind": "lightgbm"}, {"bytes": _bytes(text.encode())}


def _xgboost(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    booster = estimator.get_booster()
    if "c" in (booster.feature_types or ()):
        raise _RefusedError("XGBoost splits on its native categorical features")
    if not (estimator.missing is None or np.isnan(estimator.missing)):
        raise _RefusedError(f"XGBoost treats {estimator.missing} as missing")
    best = booster.attr("best_iteration")
    # A booster that is itself the model answers with all of its trees.
    used = booster if best is None or isinstance(estimator, Adapter) else booster[: int(best) + 1]
    library = sys.modules[type(booster).__module__.partition(".")[0]]
    version = tuple(int(part) for part in library.__version__.split(".")[:2])
    written = "ubj" if version >= _XGBOOST_WITH_UBJSON else "json"
    return {"kind": f"xgboost {written}"}, {"bytes": _bytes(used.save_raw(raw_format=written))}


def _bytes(content: Any) -> Any:
    return np.frombuffer(bytes(content), np.uint8)
