"""KServe's own models of its objects, which say what an InferenceService may hold.

An API server drops the keys of an object that its schema lacks, without a word: here they are
errors. ``kserve`` imports its server, so its models are loaded without it.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from cluster_samples import check_schema

PLAIN: Mapping[str, type] = {"str": str, "int": int, "bool": bool, "float": float}
OF_KUBERNETES = {
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "enableServiceLinks",
    "imagePullSecrets",
    "nodeSelector",
    "securityContext",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
}
"""Keys of a predictor that are a pod's."""


def sdk_models() -> ModuleType:
    """The module ``kserve.models``."""
    if "kserve" not in sys.modules:
        found = importlib.util.find_spec("kserve")
        assert found is not None
        parent = ModuleType("kserve")
        parent.__path__ = list(found.submodule_search_locations or ())
        sys.modules["kserve"] = parent
    return importlib.import_module("kserve.models")


def unknown(value: Any, kind: str, at: str = "") -> list[str]:
    """The parts of ``value`` that the SDK's type ``kind`` lacks; kinds of Kubernetes are any."""
    listed = re.fullmatch(r"list\[(.+)\]", kind)
    if listed:
        wrong = [] if isinstance(value, list) else [f"{at}: expected a list, got {value!r}"]
        items = value if isinstance(value, list) else []
        return wrong + [
            one for n, item in enumerate(items) for one in unknown(item, listed[1], f"{at}[{n}]")
        ]
    if kind in PLAIN:
        right = type(value) is PLAIN[kind]
        return [] if right else [f"{at}: expected {kind}, got {value!r}"]
    model = getattr(sdk_models(), kind, None)
    if model is None:
        return []
    keys = {key: name for name, key in model.attribute_map.items()}
    found = []
    for key, part in value.items():
        place = f"{at}.{key}"
        if key in keys:
            found += unknown(part, model.openapi_types[keys[key]], place)
        else:
            found.append(f"{place}: unknown key")
    return found


def check_service(document: dict[str, Any]) -> None:
    """Raise unless an InferenceService fits the SDK's models, and its pods those of Kubernetes."""
    assert unknown(document, "V1beta1InferenceService") == []
    check_schema({"apiVersion": "v1", "kind": "ConfigMap", "metadata": document["metadata"]})
    spec = document["spec"]
    predictors = [spec["predictor"], *(one["predictor"] for one in spec.get("canary", ()))]
    for predictor in predictors:
        check_schema(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "pod", "labels": predictor["labels"]},
                "spec": pod_of(predictor),
            }
        )
        if "deploymentStrategy" in predictor:
            check_schema(_deployment(predictor))


def pod_of(predictor: dict[str, Any]) -> dict[str, Any]:
    """The ``spec`` of the pods of a predictor."""
    return {key: value for key, value in predictor.items() if key in OF_KUBERNETES}


def _deployment(predictor: dict[str, Any]) -> dict[str, Any]:
    labels = predictor["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "deployment"},
        "spec": {
            "strategy": predictor["deploymentStrategy"],
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_of(predictor)},
        },
    }
