from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from monitoring.metrics.feedback import FeedbackMetrics
from monitoring.metrics.reference import MAX_EXCLUDED, HeldOutScore, MeasuredPackage
from monitoring.metrics.registry import Series
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.profile import DriftExclusion
from monitoring.stats.binning import build_profile, prediction_features
from serving.routes import MEASURED

PROFILE = build_profile(
    pd.DataFrame({"carat": [0.1, 0.2, 0.3, 0.4], "color": ["D", "D", "E", "E"], "one": [1] * 4}),
    [("carat", "number"), ("color", "string"), ("one", "integer")],
)
COMMON = {"model": "diamonds", "version": "1-abc"}


def make(**changed: Any) -> tuple[ServingMetrics, CollectorRegistry]:
    registry = CollectorRegistry()
    options: dict[str, Any] = {
        "digest": "abc",
        "profile": PROFILE,
        "slices": ["__all__", "large"],
        "classes": ["Ideal", "Fair"],
        "baseline": {"__all__": HeldOutScore(0.75, 8), "large": HeldOutScore(None, 2)},
    }
    routes = changed.pop("routes", {"/predict": ["2xx", "4xx"]})
    package = MeasuredPackage("diamonds", "1-abc", **(options | changed))
    metrics = ServingMetrics(package, routes, registry)
    return metrics, registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, COMMON | labels)


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
    kinds = {
        "carat": ("missing", "below_range", "above_range", "invalid"),
        "color": ("missing", "unseen", "invalid"),
        "one": ("missing", "unseen", "below_range", "above_range", "invalid"),
        "other": ("missing", "unseen", "below_range", "above_range", "invalid"),
    }
    for feature, its in kinds.items():
        for kind in its:
            labels = {"feature": feature, "kind": kind}
            assert value(registry, "model_feature_anomalies_total", **labels) == 0
            usual = value(registry, "model_feature_reference_anomalies_ratio", **labels)
            assert usual == (None if kind == "invalid" or feature == "other" else 0)
    for reason in ("missing", "unseen", "out_of_range"):
        assert value(registry, "model_flagged_rows_total", reason=reason) == 0
    for form in ("compiled", "native"):
        assert value(registry, "model_rows_total", form=form) == 0
    for stage in ("validate", "predict"):
        assert value(registry, "model_stage_duration_seconds_count", stage=stage) == 0
    labels = {"route": "/predict", "code": "2xx"}
    assert value(registry, "model_request_duration_seconds_count", **labels) == 0
    assert value(registry, "model_request_rows_count") == 0
    assert value(registry, "model_package_info", digest="abc") == 1


def test_every_sample_names_model_and_version() -> None:
    _, registry = make()
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    assert all(COMMON.items() <= sample.labels.items() for sample in samples)


def test_a_baseline_without_accuracy_has_rows_only() -> None:
    _, registry = make()
    assert value(registry, "model_slice_baseline_accuracy_ratio", slice="__all__") == 0.75
    assert value(registry, "model_slice_baseline_effective_rows", slice="large") == 2
    assert value(registry, "model_slice_baseline_accuracy_ratio", slice="large") is None


def test_classes_beyond_the_cap_are_other() -> None:
    metrics, registry = make(classes=list(range(50)))
    metrics.add_predictions({3: 1, 49: 1})
    assert value(registry, "model_predictions_total", predicted="3") == 1
    assert value(registry, "model_predictions_total", predicted="other") == 1


def test_requests_are_counted_by_class_of_status() -> None:
    metrics, registry = make()
    metrics.observe_request("/predict", 422, 0.01)
    metrics.observe_request("/predict", 413, 0.01)
    labels = {"route": "/predict", "code": "4xx"}
    assert value(registry, "model_request_duration_seconds_count", **labels) == 0
    metrics.flush()
    assert value(registry, "model_request_duration_seconds_count", **labels) == 2


def test_a_label_that_utf8_cannot_hold_does_not_break_the_exposition() -> None:
    metrics, registry = make(classes=["\ud800"])
    metrics.add_predictions({"\ud800": 1})
    assert b'predicted="\\\\ud800"' in generate_latest(registry)


@pytest.mark.parametrize("status", [200, 422, 504])
def test_a_route_that_is_not_named_has_its_answers_and_the_code_that_came(status: int) -> None:
    metrics, registry = make()
    metrics.observe_request("/invocations", status, 0.01)
    metrics.flush()
    for code in ("2xx", "4xx", "5xx"):
        came = code[0] == str(status)[0]
        labels = {"route": "/invocations", "code": code}
        expected = int(came) if came or code == "2xx" else None
        assert value(registry, "model_request_duration_seconds_count", **labels) == expected


@given(st.lists(st.floats(0, 10) | st.sampled_from([0.0005, 0.01, 5.0])))
def test_a_histogram_written_late_is_the_library_s_own(seconds: list[float]) -> None:
    registry = CollectorRegistry()
    histogram = Series("m", "1", registry).histogram("late", "", (0.0005, 0.01, 5.0))
    own = Histogram("own", "", ("model", "version"), buckets=(0.0005, 0.01, 5.0), registry=registry)
    late, plain = histogram(), own.labels("m", "1")
    for second in seconds:
        late.observe(second)
        plain.observe(second)
    late.flush()
    late.flush()
    buckets: dict[str, list[float]] = {"late": [], "own": []}
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name.endswith(("_bucket", "_count")):
                buckets[metric.name].append(sample.value)
    assert buckets["late"] == buckets["own"]
    sums = [registry.get_sample_value(f"{n}_sum", {"model": "m", "version": "1"}) for n in buckets]
    assert sums[0] == pytest.approx(sums[1])


def test_new_values_of_a_feature_that_tells_the_time_are_no_anomalies() -> None:
    excluded = {
        "when": DriftExclusion(reason="timestamp", detail="a timestamp"),
        "secret": DriftExclusion(reason="excluded", detail="[monitoring] exclude"),
        **{f"m{i}": DriftExclusion(reason="calendar", detail="month") for i in range(20)},
    }
    frame = pd.DataFrame({"size": np.arange(100.0)})
    profile = build_profile(frame, [("size", "number")])
    metrics, registry = make(profile=profile.model_copy(update={"drift_excluded": excluded}))
    kinds = ("missing", "unseen", "below_range", "above_range", "invalid")
    names = ("when", "secret", "m19", "size")
    metrics.add_anomalies({(name, kind): 1 for name in names for kind in kinds})
    counted = {
        (name, kind): value(registry, "model_feature_anomalies_total", feature=name, kind=kind)
        for name in (*names, "other")
        for kind in kinds
    }
    assert {key: count for key, count in counted.items() if count} == {
        ("when", "missing"): 1,
        ("when", "invalid"): 1,
        ("other", "missing"): 1,
        ("other", "invalid"): 1,
        **{("size", kind): 1 for kind in kinds},
    }
    told = {
        (sample.labels["feature"], sample.labels["reason"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "model_drift_excluded_features"
    }
    assert told["when", "timestamp"] == told["secret", "excluded"] == 1
    assert told["other", "other"] == len(excluded) - MAX_EXCLUDED
    assert sum(told.values()) == len(excluded)


@pytest.mark.parametrize("classes", [list(range(20)), list(range(10)), ["no", "yes"], None])
def test_the_defaults_stay_within_nine_hundred_series(classes: list[Any] | None) -> None:
    frame = pd.DataFrame({f"feature {i}": np.arange(1000) for i in range(200)})
    answers = prediction_features(
        np.arange(1000).tolist()
        if classes is None
        else [classes[i % len(classes)] for i in range(1000)],
        None if classes is None else np.linspace(0, 1, 1000),
        classes is None,
    )
    profile = build_profile(frame, [(name, "integer") for name in frame], 15 - len(answers))
    reasons: list[Any] = ["excluded", "timestamp", "calendar", "nonstationary"]
    excluded = {f"apart {i}": DriftExclusion(reason=reasons[i % 4], detail="") for i in range(30)}
    features = (*profile.features, *answers)
    profile = profile.model_copy(update={"features": features, "drift_excluded": excluded})
    slices = [f"slice {i}" for i in range(24)]
    metrics, registry = make(
        profile=profile,
        slices=slices,
        classes=classes,
        baseline=dict.fromkeys(slices, HeldOutScore(0.5, 10, 0.25 if classes is None else None)),
        routes=MEASURED,
    )
    FeedbackMetrics(metrics.series, slices, classes)
    for route in ("/invocations", "/v2/models/{name}/infer"):
        metrics.observe_request(route, 200, 0.01)
        metrics.observe_request(route, 422, 0.01)
    metrics.flush()
    found = [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    ]
    assert len(profile.features) == 15
    assert 600 < len(found) <= 900, len(found)
