from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from prometheus_client import CollectorRegistry, generate_latest

from monitoring.binning import build_profile
from monitoring.metrics import Batch, Metrics

PROFILE = build_profile(
    pd.DataFrame({"carat": [0.1, 0.2, 0.3, 0.4], "color": ["D", "D", "E", "E"], "one": [1] * 4}),
    [("carat", "number"), ("color", "string"), ("one", "integer")],
)
COMMON = {"model": "diamonds", "version": "1-abc"}


def make(**changed: Any) -> tuple[Metrics, CollectorRegistry]:
    registry = CollectorRegistry()
    options: dict[str, Any] = {
        "digest": "abc",
        "profile": PROFILE,
        "slices": ["__all__", "large"],
        "classes": ["Ideal", "Fair"],
        "baseline": {"__all__": (0.75, 8), "large": (None, 2)},
        "routes": {"/predict": ["2xx", "4xx"]},
    }
    metrics = Metrics("diamonds", "1-abc", registry=registry, **(options | changed))
    return metrics, registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, COMMON | labels)


def batch(**changed: Any) -> Batch:
    nothing: dict[str, Any] = {
        "predicted": ["Ideal"],
        "slices": {},
        "bins": {},
        "anomalies": {},
        "flags": [[]],
    }
    return Batch(**(nothing | changed))


def test_every_series_exists_at_zero_from_the_start() -> None:
    _, registry = make()
    for predicted in ("Ideal", "Fair", "other", "null"):
        assert value(registry, "model_predictions_total", predicted=predicted) == 0
    for name in ("__all__", "large"):
        assert value(registry, "model_slice_predictions_total", slice=name) == 0
    for bin_ in ("D", "E"):
        observed = value(registry, "model_feature_observations_total", feature="color", bin=bin_)
        assert observed == 0
        assert value(registry, "model_feature_reference_rows", feature="color", bin=bin_) == 2
    for feature in ("carat", "color", "one", "other"):
        for kind in ("missing", "unseen", "below_range", "above_range"):
            labels = {"feature": feature, "kind": kind}
            assert value(registry, "model_feature_anomalies_total", **labels) == 0
    for reason in ("missing", "unseen", "out_of_range"):
        assert value(registry, "model_suspicious_rows_total", reason=reason) == 0
    for stage in ("validate", "predict", "total"):
        assert value(registry, "model_stage_duration_seconds_count", stage=stage) == 0
    labels = {"route": "/predict", "code": "2xx"}
    assert value(registry, "model_request_duration_seconds_count", **labels) == 0
    assert value(registry, "model_batch_rows_count") == 0
    assert value(registry, "model_package_info", digest="abc") == 1


def test_every_sample_names_model_and_version() -> None:
    _, registry = make()
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    assert all(COMMON.items() <= sample.labels.items() for sample in samples)


def test_a_baseline_without_accuracy_has_rows_only() -> None:
    _, registry = make()
    assert value(registry, "model_slice_baseline_accuracy_ratio", slice="__all__") == 0.75
    assert value(registry, "model_slice_baseline_rows", slice="large") == 2
    assert value(registry, "model_slice_baseline_accuracy_ratio", slice="large") is None


def test_a_batch_is_counted() -> None:
    metrics, registry = make()
    metrics.observe_batch(
        Batch(
            predicted=["Ideal", "Ideal", "Good", None],
            slices={
                "__all__": np.array([True] * 4),
                "large": np.array([True, False, False, True]),
            },
            bins={"carat": np.array([0, 0, 3, -1]), "color": np.array([1, 1, 1, 1])},
            anomalies={("carat", "missing"): 1, ("one", "above_range"): 2, ("far", "unseen"): 3},
            flags=[["carat:missing", "one:out_of_range"], ["one:out_of_range"], [], []],
        )
    )
    predicted = {
        text: value(registry, "model_predictions_total", predicted=text)
        for text in ("Ideal", "Fair", "other", "null")
    }
    assert predicted == {"Ideal": 2, "Fair": 0, "other": 1, "null": 1}
    assert value(registry, "model_slice_predictions_total", slice="large") == 2
    carat = [
        value(registry, "model_feature_observations_total", feature="carat", bin=label)
        for label in PROFILE.features[0].bins
    ]
    assert carat == [2, 0, 0, 1]
    anomalies = "model_feature_anomalies_total"
    assert value(registry, anomalies, feature="carat", kind="missing") == 1
    assert value(registry, anomalies, feature="one", kind="above_range") == 2
    assert value(registry, anomalies, feature="other", kind="unseen") == 3
    assert value(registry, "model_suspicious_rows_total", reason="out_of_range") == 2
    assert value(registry, "model_suspicious_rows_total", reason="missing") == 1
    assert value(registry, "model_batch_rows_sum") == 4


def test_a_row_with_two_flags_of_a_reason_counts_once() -> None:
    metrics, registry = make()
    metrics.observe_batch(batch(flags=[["carat:missing", "color:missing"]]))
    assert value(registry, "model_suspicious_rows_total", reason="missing") == 1


def test_a_feature_name_with_a_colon_does_not_confuse_the_reason() -> None:
    metrics, registry = make()
    metrics.observe_batch(batch(flags=[["a:b:unseen"]]))
    assert value(registry, "model_suspicious_rows_total", reason="unseen") == 1


def test_a_regression_counts_numbers_not_their_values() -> None:
    metrics, registry = make(classes=None)
    metrics.observe_batch(batch(predicted=[1.5, 2.5, None]))
    assert value(registry, "model_predictions_total", predicted="number") == 2
    assert value(registry, "model_predictions_total", predicted="null") == 1


def test_classes_beyond_the_cap_are_other() -> None:
    metrics, registry = make(classes=list(range(50)))
    metrics.observe_batch(batch(predicted=[3, 49]))
    assert value(registry, "model_predictions_total", predicted="3") == 1
    assert value(registry, "model_predictions_total", predicted="other") == 1


def test_requests_are_counted_by_class_of_status() -> None:
    metrics, registry = make()
    metrics.observe_request("/predict", 422, 0.01)
    metrics.observe_request("/predict", 413, 0.01)
    labels = {"route": "/predict", "code": "4xx"}
    assert value(registry, "model_request_duration_seconds_count", **labels) == 2


def test_a_label_that_utf8_cannot_hold_does_not_break_the_exposition() -> None:
    metrics, registry = make(classes=["\ud800"])
    metrics.observe_batch(batch(predicted=["\ud800"]))
    assert b'predicted="\\\\ud800"' in generate_latest(registry)


def test_no_profile_still_counts_rows() -> None:
    metrics, registry = make(profile=None)
    metrics.observe_batch(batch(anomalies={("x", "missing"): 1}))
    assert value(registry, "model_predictions_total", predicted="Ideal") == 1
    assert value(registry, "model_feature_anomalies_total", feature="other", kind="missing") == 1


def test_the_defaults_stay_within_nine_hundred_series() -> None:
    frame = pd.DataFrame({f"feature {i}": np.arange(1000) for i in range(30)})
    profile = build_profile(frame, [(name, "integer") for name in frame])
    slices = [f"slice {i}" for i in range(24)]
    _, registry = make(
        profile=profile,
        slices=slices,
        classes=list(range(50)),
        baseline=dict.fromkeys(slices, (0.5, 10)),
        routes={"/predict": ["2xx", "4xx", "5xx"], "/schema": ["2xx"], "other": ["4xx"]},
    )
    samples = [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    ]
    assert len(samples) <= 900
