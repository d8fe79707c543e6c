from __future__ import annotations

import json

import pytest
from prometheus_client import CollectorRegistry

from monitoring.metrics.class_labels import class_text
from monitoring.metrics.prediction_counts import PredictionCounts
from monitoring.metrics.reference import MeasuredPackage
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.profile import PREDICTION, Profile
from monitoring.slices.slices import ALL
from monitoring.stats.binning import prediction_features


@pytest.mark.parametrize("label", [True, False, 0, -5, 0.5, 1e300, 1e-7])
def test_the_text_of_a_class_is_its_json(label: object) -> None:
    assert class_text(label) == json.dumps(label)


def test_text_is_its_own() -> None:
    assert [class_text(text) for text in ("True", "true", "", "1")] == ["True", "true", "", "1"]


def test_predictions_and_their_bins_have_the_same_labels() -> None:
    features = prediction_features([True] * 60 + [False] * 40, None, regression=False)
    profile = Profile(rows=100, features=features, left_out=())
    registry = CollectorRegistry()
    classes = (False, True)
    package = MeasuredPackage("m", "1", "", profile, [ALL], classes, baseline={})
    metrics = ServingMetrics(package, {}, registry)
    answers = PredictionCounts(profile, classes)
    answers.add([True, True, False], None, [1] * 3)
    answers.write(metrics)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"model": "m", "version": "1", **labels})

    for text, count in (("true", 2), ("false", 1)):
        assert value("model_predictions_total", predicted=text) == count
        bins = {"feature": PREDICTION, "bin": text}
        assert value("model_feature_observations_total", **bins) == count
