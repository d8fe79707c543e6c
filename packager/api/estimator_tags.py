"""The tags that scikit-learn reads from an estimator."""

from __future__ import annotations

from typing import Any


def tags_of(task: str) -> Any:
    """The tags of a package, of scikit-learn 1.6 or newer; it takes text, nulls and any columns."""
    from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

    classifies = task == "classification"
    return Tags(
        estimator_type="classifier" if classifies else "regressor",
        target_tags=TargetTags(required=False),
        classifier_tags=ClassifierTags() if classifies else None,
        regressor_tags=None if classifies else RegressorTags(),
        input_tags=InputTags(string=True, categorical=True, allow_nan=True),
        requires_fit=False,
    )
