"""Tree ensembles as treelite's trees, with the number conversions of their frameworks."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.model.compiled.form import Trees
from packager.model.compiled.treelite_alone import import_treelite
from packager.worker.compile import foreign_trees
from packager.worker.compile.fitted_model import DescribedHead
from packager.worker.compile.treelite_models import treelite_model

TOLERANCE = 1e-9
FLOAT32_TOLERANCE = 1e-6
"""Tolerance if the framework sums in float32, where the order of additions matters."""
LIGHTGBM_ZERO = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold: prediction treats numbers up to this size as zero."""
FLOAT64_INPUT = ("histogram gradient boosting", "lightgbm")
"""Kinds of tables whose frameworks don't round their input to float32."""

_PLACE = re.compile(r"\[\d\d:\d\d:\d\d\] \S+:\d+: ")
"""The time and the line of treelite's source, before its errors: the verdict is recorded."""

LINKS = {
    "identity": "none",
    "identity_multiclass": "none",
    "exponential": "exp",
    "sigmoid": "logistic",
    "multiclass_ova": "ova",
    "softmax": "softmax",
}


@dataclass(frozen=True)
class SerializedTrees:
    """A head, and its trees as treelite writes them."""

    head: Trees
    content: bytes
    tolerance: float


@dataclass(frozen=True)
class RefusedStrategy:
    """A strategy that was refused, and why."""

    strategy: str
    reason: str


def trees_of(head: DescribedHead) -> SerializedTrees | RefusedStrategy:
    """The trees of a described head in treelite, or why treelite can't import them."""
    if importlib.util.find_spec("treelite") is None:
        return RefusedStrategy("treelite", "treelite is not installed")
    treelite = import_treelite()

    if "refused" in head.described:
        return RefusedStrategy("treelite", head.described["refused"])
    settings = head.described["trees"]
    try:
        if settings["kind"] in foreign_trees.KINDS:
            content = foreign_trees.imported(settings["kind"], head.arrays)
            model = treelite.Model.deserialize_bytes(content)
        else:
            model = treelite_model(settings, head.arrays)
        return _with_link(model, settings)
    except (treelite.TreeliteError, ValueError) as error:
        reason = _PLACE.sub("", str(error))
        return RefusedStrategy(
            "treelite", f"treelite can't take {settings['estimator']}: {reason}".strip(": ")
        )


def _with_link(model: Any, settings: Mapping[str, Any]) -> SerializedTrees | RefusedStrategy:
    header = model.get_header_accessor()
    name = header.get_field("postprocessor")
    alpha = float(header.get_field("sigmoid_alpha")[0])
    link: Any = LINKS.get(name)
    if link is None or (link in ("logistic", "ova") and alpha != 1.0):
        return RefusedStrategy("treelite", f"the treelite postprocessor {name!r} is not supported")
    kind = settings["kind"]
    in_order = kind.startswith("xgboost")
    trees = Trees(
        float32=kind not in FLOAT64_INPUT,
        link="doubled" if settings.get("doubled") else link,
        in_order=in_order,
        zero=LIGHTGBM_ZERO if kind == "lightgbm" else 0.0,
    )
    tolerance = FLOAT32_TOLERANCE if in_order else TOLERANCE
    return SerializedTrees(trees, model.serialize_bytes(), tolerance)
