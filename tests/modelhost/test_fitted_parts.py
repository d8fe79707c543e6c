"""Parts of a fitted model answer matrices as the model answers frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC

from modelhost.fitted_parts import FittedParts, resolve, without_feature_names
from modelhost.model import LoadedModel

ROWS = pd.DataFrame({"a": np.linspace(-1, 1, 30), "b": np.linspace(5, 2, 30)})
LABELS = np.array(["no", "yes"] * 15)


def loaded(estimator, *, chances: bool = True) -> LoadedModel:
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2), estimator).fit(ROWS, LABELS)
    return LoadedModel(model, "classification", ("no", "yes"), chances)


@pytest.mark.parametrize("sparse", [False, True])
def test_steps_and_head_together_answer_like_the_model(sparse: bool) -> None:
    model = loaded(LogisticRegression())
    parts = FittedParts(model)
    scaled = parts.transform(("steps", 0, 1), ROWS.to_numpy())
    expanded = parts.transform(("steps", 1, 1), scaled, sparse=sparse)
    found = parts.predict(("steps", 2, 1), expanded, sparse=sparse)
    known = model.predict(ROWS)
    assert found.labels == known.labels
    np.testing.assert_allclose(found.probabilities, known.probabilities, rtol=1e-12)


def test_a_model_without_probabilities_gives_labels_alone() -> None:
    parts = FittedParts(loaded(SVC(), chances=False))
    scaled = parts.transform(("steps", 0, 1), ROWS.to_numpy())
    found = parts.predict(("steps", 2, 1), parts.transform(("steps", 1, 1), scaled))
    assert found.probabilities is None
    assert len(found.labels) == 30


def test_paths_are_attributes_and_positions() -> None:
    model = loaded(LogisticRegression()).native
    assert resolve(model, ("steps", 0, 1)) is model.steps[0][1]
    assert resolve(model, ("steps", 0, 1, "mean_")) is model.steps[0][1].mean_


def test_a_copy_forgets_names_and_leaves_the_model_as_it_is() -> None:
    model = loaded(LogisticRegression()).native
    copied = without_feature_names(model)
    assert not hasattr(copied.steps[0][1], "feature_names_in_")
    assert list(model.steps[0][1].feature_names_in_) == ["a", "b"]
    assert copied.steps[0][1].mean_ is model.steps[0][1].mean_
