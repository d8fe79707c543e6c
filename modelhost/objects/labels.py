"""Classifiers whose labels the package names, in place of those that they were fitted on."""

from __future__ import annotations

from typing import Any, Sequence

from modelhost.errors import PackageError
from modelhost.objects.adapter import Inputs, LabelAdapter, ProbabilityAdapter
from modelhost.predictions import Scalar


def with_labels(model: Any, labels: Sequence[Scalar]) -> Any:
    """``model`` with ``labels`` in the order of its ``classes_``.

    Raises ``PackageError`` unless there is one for each class.
    """
    own = list(getattr(model, "classes_", ()))
    if len(own) != len(labels):
        raise PackageError(
            f"[serve] classes: expected {len(own) or 'no'} classes, as {type(model).__name__} has,"
            f" got {len(labels)}",
            "name one label for each of its classes_, in their order, or leave the key out",
        )
    inputs = Inputs(
        getattr(model, "feature_names_in_", None), getattr(model, "n_features_in_", None)
    )
    if callable(getattr(model, "predict_proba", None)):
        return ProbabilityAdapter(model, model.predict_proba, inputs, labels)
    indices = {label: index for index, label in enumerate(own)}
    return LabelAdapter(model, lambda f: [indices[one] for one in model.predict(f)], inputs, labels)
