"""The gauges of a package: its reference rows, its held-out quality, and what is named in them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitoring.metrics.reference import (
    ANOMALIES,
    MAX_EXCLUDED,
    MAX_NAMED,
    OTHER,
    Baseline,
    HeldOutScore,
    expose_baseline,
    expose_reference,
    named_features,
)
from monitoring.metrics.registry import Series
from monitoring.profile.profile import (
    CONFIDENCE,
    PREDICTION,
    DriftExclusion,
    ExclusionReason,
    Profile,
)
from monitoring.stats.binning import build_profile

FRAME = pd.DataFrame({"size": range(100), "shop": ["north", "south"] * 50, "one": [1] * 100})
PROFILE = build_profile(FRAME, [("size", "integer"), ("shop", "string"), ("one", "integer")])
COMMON = {"model": "shop", "version": "1-abc"}
Samples = dict[tuple[str, ...], float]


def samples(registry: CollectorRegistry, name: str) -> Samples:
    """Label values, without model and version, → value, of every sample of that name."""
    return {
        tuple(text for label, text in sample.labels.items() if label not in COMMON): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and COMMON.items() <= sample.labels.items()
    }


def reference(profile: Profile | None) -> CollectorRegistry:
    registry = CollectorRegistry()
    expose_reference(Series("shop", "1-abc", registry), "abc", profile)
    return registry


def baseline(values: Baseline, *, regression: bool) -> CollectorRegistry:
    registry = CollectorRegistry()
    expose_baseline(Series("shop", "1-abc", registry), values, regression=regression)
    return registry


def test_the_reference_rows_of_each_bin_are_those_of_the_profile() -> None:
    registry = reference(PROFILE)
    assert samples(registry, "model_package_info") == {("abc",): 1}
    rows = samples(registry, "model_feature_reference_rows")
    assert rows == {
        (feature.name, text): count
        for feature in PROFILE.features
        for text, count in zip(feature.bins, feature.counts, strict=True)
    }
    assert rows["shop", "north"] == rows["shop", "south"] == 50


def test_a_package_without_a_profile_has_its_digest_alone() -> None:
    registry = reference(None)
    assert samples(registry, "model_package_info") == {("abc",): 1}
    for name in ("reference_rows", "reference_anomalies_ratio"):
        assert samples(registry, f"model_feature_{name}") == {}
    assert samples(registry, "model_drift_excluded_features") == {}
    assert named_features(None) == {}


def test_a_usual_anomaly_has_its_share_and_an_unknown_one_zero() -> None:
    usual = {"size": {"missing": 0.25}, "shop": {"unseen": 0.5}}
    ratios = samples(
        reference(PROFILE.model_copy(update={"reference_anomalies": usual})),
        "model_feature_reference_anomalies_ratio",
    )
    assert ratios["size", "missing"] == 0.25
    assert ratios["shop", "unseen"] == 0.5
    assert ratios["shop", "missing"] == ratios["size", "above_range"] == 0
    assert not any(kind == "invalid" for _, kind in ratios)


def test_a_kind_of_anomaly_is_named_where_the_feature_can_have_it() -> None:
    named = named_features(PROFILE)
    assert named["size"] == ("missing", "below_range", "above_range", "invalid")
    assert named["shop"] == ("missing", "unseen", "invalid")
    assert named["one"] == ANOMALIES  # left out of the profile, so its kind is not known
    assert PROFILE.left_out == ("one",)


def test_the_pseudo_features_of_the_answers_have_bins_and_no_anomalies() -> None:
    size = PROFILE.features[0]
    answers = tuple(size.model_copy(update={"name": name}) for name in (PREDICTION, CONFIDENCE))
    profile = PROFILE.model_copy(update={"features": (size, *answers)})
    assert set(named_features(profile)) == {"size", "one"}
    assert {name for name, _ in samples(reference(profile), "model_feature_reference_rows")} == {
        "size",
        PREDICTION,
        CONFIDENCE,
    }


@pytest.mark.parametrize(
    ("reason", "kinds"),
    [
        ("excluded", None),
        ("timestamp", ("missing", "invalid")),
        ("personal", ("missing", "invalid")),
    ],
)
def test_an_excluded_feature_names_what_is_no_news_in_it_alone(
    reason: ExclusionReason, kinds: tuple[str, ...] | None
) -> None:
    excluded = {"when": DriftExclusion(reason=reason, detail="")}
    assert named_features(PROFILE.model_copy(update={"drift_excluded": excluded})).get("when") == (
        kinds
    )


@given(
    excluded=st.integers(0, 30),
    left_out=st.integers(0, 30),
    reasons=st.lists(
        st.sampled_from(["excluded", "timestamp", "calendar", "nonstationary", "personal"]),
        min_size=30,
        max_size=30,
    ),
)
def test_the_names_are_bounded_and_no_exclusion_is_lost(
    excluded: int, left_out: int, reasons: list[ExclusionReason]
) -> None:
    profile = PROFILE.model_copy(
        update={
            "left_out": tuple(f"left {place}" for place in range(left_out)),
            "drift_excluded": {
                f"apart {place}": DriftExclusion(reason=reason, detail="")
                for place, reason in enumerate(reasons[:excluded])
            },
        }
    )
    named = named_features(profile)
    assert len(named) <= MAX_NAMED
    assert {"size", "shop"} <= set(named)
    assert all(kinds and set(kinds) <= set(ANOMALIES) for kinds in named.values())
    told = samples(reference(profile), "model_drift_excluded_features")
    assert sum(told.values()) == excluded
    assert len(told) == min(excluded, MAX_EXCLUDED + 1)
    assert told.get((OTHER, OTHER), 0) == max(0, excluded - MAX_EXCLUDED)


@pytest.mark.parametrize(
    ("regression", "name", "other"),
    [(True, "mae", "accuracy_ratio"), (False, "accuracy_ratio", "mae")],
)
def test_a_baseline_is_measured_in_the_metric_of_the_task(
    regression: bool, name: str, other: str
) -> None:
    values: Baseline = {
        "__all__": HeldOutScore(0.75, 8, 0.5 if regression else None),
        "large": HeldOutScore(None, 2),
        "empty": HeldOutScore(0.0, 0),
    }
    registry = baseline(values, regression=regression)
    measured = samples(registry, f"model_slice_baseline_{name}")
    assert measured == {("__all__",): 0.75, ("empty",): 0.0}  # unknown is not 0
    assert samples(registry, f"model_slice_baseline_{other}") == {}
    assert samples(registry, "model_slice_baseline_effective_rows") == {
        ("__all__",): 8,
        ("large",): 2,
        ("empty",): 0,
    }
    variances = samples(registry, "model_slice_baseline_error_variance")
    assert variances == ({("__all__",): 0.5} if regression else {})
