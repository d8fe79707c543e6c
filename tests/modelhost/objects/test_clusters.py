"""Models without a target: clusters as labels, outliers as labels or scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.cluster import DBSCAN, Birch, KMeans, MeanShift
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM
from tiny_models import ROWS, loaded

from modelhost.errors import PackageError
from modelhost.output_spec import OutputSpec


@pytest.mark.parametrize(
    ("model", "count"),
    [
        (KMeans(3, n_init=1, random_state=0), 3),
        (make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)), 3),
        (Birch(n_clusters=4), 4),
        (MeanShift(bandwidth=3), None),
        (GaussianMixture(3, random_state=0), 3),
    ],
)
def test_clusters_are_labels(tmp_path: Path, model: Any, count: int | None) -> None:
    fitted = model.fit(ROWS)
    made = loaded(tmp_path, fitted, "classification")
    found = made.predict(ROWS)
    assert found.labels == fitted.predict(ROWS).tolist()
    assert made.classes is not None
    assert count in (None, len(made.classes))
    assert set(found.labels) <= set(made.classes)
    assert made.has_probabilities == isinstance(model, GaussianMixture)


def test_clusters_may_have_names(tmp_path: Path) -> None:
    fitted = KMeans(2, n_init=1, random_state=0).fit(ROWS)
    made = loaded(tmp_path, fitted, "classification", ("left", "right"))
    assert made.predict(ROWS).labels == [("left", "right")[one] for one in fitted.predict(ROWS)]


@pytest.mark.parametrize(
    "model",
    [
        IsolationForest(n_estimators=10, random_state=0),
        OneClassSVM(),
        LocalOutlierFactor(novelty=True),
        make_pipeline(StandardScaler(), IsolationForest(n_estimators=10, random_state=0)),
    ],
)
def test_outliers_are_labels_or_scores(tmp_path: Path, model: Any) -> None:
    fitted = model.fit(ROWS)
    made = loaded(tmp_path, fitted, "classification")
    assert (made.classes, made.predict(ROWS).labels) == ((-1, 1), fitted.predict(ROWS).tolist())
    named = loaded(tmp_path, fitted, "classification", ("strange", "usual")).predict(ROWS)
    assert named.labels.count("strange") == (fitted.predict(ROWS) < 0).sum()
    scores = loaded(tmp_path, fitted, "regression").predict(ROWS).labels
    assert scores == fitted.decision_function(ROWS).tolist()


@pytest.mark.parametrize("model", [DBSCAN(), LocalOutlierFactor()])
def test_a_model_that_can_say_nothing_of_new_rows_is_named(tmp_path: Path, model: Any) -> None:
    with pytest.raises(PackageError, match=f"{type(model).__name__} has no predict"):
        loaded(tmp_path, model.fit(ROWS), "classification")


def test_clusters_are_the_classes_of_a_declared_label(tmp_path: Path) -> None:
    label = OutputSpec("segment", "label")
    fitted = make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)).fit(ROWS)
    model = loaded(tmp_path, fitted, "outputs", outputs=(label,))
    assert model.outputs[0].classes == (0, 1, 2)
    assert model.predict(ROWS).labels == fitted.predict(ROWS).tolist()
    outliers = IsolationForest(n_estimators=5, random_state=0).fit(ROWS)
    assert loaded(tmp_path, outliers, "outputs", outputs=(label,)).outputs[0].classes is None
