"""Models without a target, of scikit-learn: clusters and outliers."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import (
    Adapter,
    DeclaredAnswers,
    Inputs,
    LabelAdapter,
    ProbabilityAdapter,
    classes_for,
)

_OUTLIER, _CLUSTER, _MIXTURE = "OutlierMixin", "ClusterMixin", "BaseMixture"


def adapt_clusters(native: Any, declared: DeclaredAnswers) -> Any:
    """A clusterer, a mixture or a detector of outliers, also at the end of a pipeline; else None.

    Clusters are the labels 0, 1 and so on. A detector of outliers gives -1 (outlier) and 1; for a
    regression it gives its ``decision_function``, which is below 0 for outliers.
    """
    last = _last(native)
    kinds = {kind.__name__ for kind in type(last).__mro__}
    if not kinds & {_OUTLIER, _CLUSTER, _MIXTURE}:
        return None
    if not callable(getattr(native, "predict", None)):
        raise PackageError(
            f"{type(last).__name__} has no predict: it can't say anything of a new row",
            "take one that can, such as KMeans, or LocalOutlierFactor(novelty=True)",
        )
    if _OUTLIER in kinds:
        if declared.task == "regression":
            return Adapter(native, native.decision_function, _inputs(native))
        classes = classes_for(declared, 2, [-1, 1])
        return LabelAdapter(native, lambda f: native.predict(f) > 0, _inputs(native), classes)
    if declared.task == "regression":
        return None
    classes = classes_for(declared, _count(last))
    if _MIXTURE in kinds:
        return ProbabilityAdapter(native, native.predict_proba, _inputs(native), classes)
    return LabelAdapter(native, native.predict, _inputs(native), classes)


def clusters(native: Any) -> list[int] | None:
    """The numbers of the clusters of a fitted clusterer or mixture; None for another object."""
    last = _last(native)
    kinds = {kind.__name__ for kind in type(last).__mro__}
    if not kinds & {_CLUSTER, _MIXTURE} or not callable(getattr(last, "predict", None)):
        return None
    return list(range(_count(last)))


def _last(native: Any) -> Any:
    steps = getattr(native, "steps", None)
    return _last(steps[-1][1]) if isinstance(steps, list) and steps else native


def _count(last: Any) -> int:
    """The number of clusters."""
    for name in ("cluster_centers_", "weights_"):
        centres = getattr(last, name, None)
        if centres is not None:
            return len(centres)
    labels = getattr(last, "subcluster_labels_", getattr(last, "labels_", ()))
    return int(np.max(labels)) + 1


def _inputs(native: Any) -> Inputs:
    return Inputs(
        getattr(native, "feature_names_in_", None), getattr(native, "n_features_in_", None)
    )
