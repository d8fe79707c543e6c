"""Counts are the same row by row, in batches, and with the offline functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from array_samples import arrays_in
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from monitoring.column_arrays import ColumnLayout
from monitoring.metrics.recorder import MAX_PENDING_ROWS, Batch, MetricsRecorder
from monitoring.metrics.reference import MeasuredPackage
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.calibration import calibrate
from monitoring.profile.profile import DriftExclusion, Profile
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.slices import SliceSet
from monitoring.stats.binning import build_profile, prediction_features

NAMES = ("carat", "color", "count", "flag", "when", "words")
KINDS = ("number", "string", "integer", "boolean", "datetime", "string")
CLASSES = ("bad", "fair", "good")
CLOCK = DatetimeUnit.of_dtype("datetime64[us]")
RANDOM = np.random.default_rng(3)
FRAME = pd.DataFrame(
    {
        "carat": RANDOM.normal(size=300),
        "color": RANDOM.choice(list("DEF"), 300, p=[0.6, 0.395, 0.005]),
        "count": RANDOM.integers(0, 40, 300),
        "flag": RANDOM.choice([True, False], 300),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(RANDOM.integers(0, 900, 300), "h"),
        "words": ["x" * int(n) + str(i) for i, n in enumerate(RANDOM.integers(0, 30, 300))],
    }
)
CONFIDENCES = RANDOM.uniform(0.3, 1, 300)
PROFILE = build_profile(FRAME, list(zip(NAMES, KINDS, strict=True))).model_copy(
    update={"calibration": calibrate(CONFIDENCES, RANDOM.uniform(size=300) < CONFIDENCES)}
)
PROFILE = PROFILE.model_copy(
    update={
        "features": (
            *PROFILE.features,
            *prediction_features(RANDOM.choice(CLASSES, 300).tolist(), CONFIDENCES, False),
        )
    }
)
SLICES = SliceSet({"color": ("D", "E")}, {"large": "carat >= 1"})
MEMBERSHIP = SLICES.membership(NAMES)
HOURS = st.integers(-500, 1500).map(lambda h: (19_723 * 24 + h) * 3600 * 10**6)
VALUES = (
    st.none() | st.floats(-4, 4) | st.sampled_from(FRAME["carat"].tolist()),
    st.none() | st.sampled_from(["D", "E", "F", "Z"]),
    st.none() | st.integers(-5, 50) | st.just(2**53 + 1),
    st.none() | st.booleans(),
    st.none() | HOURS,
    st.none() | st.text(max_size=40),
)
CHANCES = st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=3, max_size=3)
LABELS = st.none() | st.sampled_from([*CLASSES, "else"])
ROWS = st.lists(st.tuples(*VALUES, LABELS, CHANCES), min_size=1, max_size=40)


def make(
    profile: Profile | None = PROFILE, classes: tuple[Any, ...] | None = CLASSES, **options: Any
) -> tuple[MetricsRecorder, CollectorRegistry]:
    registry = CollectorRegistry()
    package = MeasuredPackage(
        "diamonds", "1-abc", "abc", profile, SLICES.names, classes, baseline={}
    )
    metrics = ServingMetrics(package, {}, registry)
    return MetricsRecorder(NAMES, profile, metrics, {"when": CLOCK}), registry


def batch_of(rows: list[tuple[Any, ...]], **changed: Any) -> Batch:
    *columns, labels, chances = (list(column) for column in zip(*rows, strict=True))
    options: dict[str, Any] = {
        "columns": columns,
        "labels": labels,
        "probabilities": chances,
        "bitmaps": MEMBERSHIP.bitmaps(columns, len(rows)),
        "flags": [()] * len(rows),
        "anomalies": {},
        "row": list(rows[0][: len(NAMES)]) if len(rows) == 1 else None,
    }
    return Batch(**(options | changed))


LAYOUT = ColumnLayout([0, 2, 3], {1: ("D", "E", "F", "Z"), 3: (True, False)})


@pytest.mark.slow
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_rows_as_arrays_count_as_rows_of_values(requests: list[list[tuple[Any, ...]]]) -> None:
    profile = PROFILE.model_copy(
        update={"features": tuple(f for f in PROFILE.features if f.name not in ("when", "words"))}
    )
    (plain, one), (arrays, other) = make(profile), make(profile)
    for rows in requests:
        batch = batch_of(rows)
        plain.observe(batch)
        found = None if len(rows) == 1 else arrays_in(LAYOUT, batch.columns)
        changed = replace(
            batch,
            arrays=found,
            probabilities=np.array(batch.probabilities),
            bitmaps=np.array(batch.bitmaps, np.int64) if found is not None else batch.bitmaps,
        )
        for part in changed.parts(7):
            arrays.observe(part)
    plain.flush()
    arrays.flush()
    left, right = samples(one), samples(other)
    assert left.keys() == right.keys()
    for key, count in left.items():
        assert abs(count - right[key]) <= (1e-9 if "estimated_correct" in key[0] else 0), key


def samples(registry: CollectorRegistry) -> dict[tuple[Any, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith(("_created", "model_rows_total"))
        and "request_rows" not in sample.name
    }


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    common = {"model": "diamonds", "version": "1-abc"}
    return registry.get_sample_value(name, common | labels)


@given(ROWS)
@pytest.mark.slow
def test_rows_count_the_same_alone_together_and_offline(rows: list[tuple[Any, ...]]) -> None:
    alone, one = make()
    for row in rows:
        alone.observe(batch_of([row]))
        alone.flush()
    together, many = make()
    whole = batch_of(rows)
    together.observe(whole)
    together.flush()
    kept, several = make()
    for row in rows:
        kept.observe(batch_of([row]))
    kept.flush()
    assert samples(several) == samples(many)
    left, right = samples(one), samples(many)
    assert left.keys() == right.keys()
    for key, count in left.items():
        assert abs(count - right[key]) <= (1e-9 if "estimated_correct" in key[0] else 0), key
    for place, feature in enumerate(PROFILE.features[: len(NAMES)]):
        column = list(whole.columns[place])
        series = pd.Series(column, dtype=object)
        if feature.name == "when":
            series = pd.Series(pd.array(column, dtype="Int64").astype("datetime64[us]"))
        indices = feature.bin_indices(series)
        for bin_, label in enumerate(feature.bins):
            counted = value(
                one, "model_feature_observations_total", feature=feature.name, bin=label
            )
            assert counted == int((indices == bin_).sum()), (feature.name, label)


def test_more_rows_than_are_kept_count_as_those_of_one_request() -> None:
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    other = (-0.5, "E", None, None, None, "abc", "bad", [0.8, 0.1, 0.1])
    rows = [row if place % 3 else other for place in range(2 * MAX_PENDING_ROWS + 7)]
    single, one = make()
    for some in rows:
        single.observe(batch_of([some]))
    single.flush()
    at_once, all_ = make()
    at_once.observe(batch_of(rows))
    at_once.flush()
    left, right = samples(one), samples(all_)
    assert {key: round(count, 6) for key, count in left.items()} == {
        key: round(count, 6) for key, count in right.items()
    }
    assert value(one, "model_slice_predictions_total", slice="__all__") == len(rows)


def test_answers_with_and_without_probabilities_stand_side_by_side() -> None:
    observer, registry = make()
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    observer.observe(batch_of([row]))
    observer.observe(batch_of([row, row], probabilities=None))
    observer.observe(batch_of([row]))
    observer.flush()
    assert value(registry, "model_slice_predictions_total", slice="__all__") == 4
    assert value(registry, "model_estimated_rows_total", slice="__all__") == 2
    assert PROFILE.calibration is not None
    expected = 2 * PROFILE.calibration.correct(0.7)
    found = value(registry, "model_estimated_correct_total", slice="__all__")
    assert found is not None
    assert abs(found - expected) < 1e-12


@pytest.mark.parametrize("most", [1, 7, 40, 100])
def test_parts_count_as_the_whole(most: int) -> None:
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    other = (-0.5, "E", None, None, None, "abc", "bad", [0.8, 0.1, 0.1])
    rows = [row if place % 3 else other for place in range(50)]
    flags = [["count:missing"] if place % 3 == 0 else [] for place in range(50)]
    whole = batch_of(rows, flags=flags, anomalies={("count", "missing"): 17}, compiled=43)
    found = []
    for batches in ([whole], list(whole.parts(most))):
        observer, registry = make()
        for batch in batches:
            observer.observe(batch)
            observer.flush()
        found.append({key: round(count, 9) for key, count in samples(registry).items()})
        assert value(registry, "model_rows_total", form="compiled") == 43
        assert value(registry, "model_flagged_rows_total", reason="missing") == 17
    assert found[0] == found[1]


def test_what_counts_before_the_flush_is_in_no_counter() -> None:
    observer, registry = make()
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    observer.observe(batch_of([row, row]))
    assert value(registry, "model_slice_predictions_total", slice="__all__") == 0
    observer.flush()
    observer.flush()
    assert value(registry, "model_slice_predictions_total", slice="__all__") == 2
    assert value(registry, "model_slice_predictions_total", slice="color=D") == 2
    assert value(registry, "model_slice_predictions_total", slice="large") == 0
    assert value(registry, "model_predictions_total", predicted="good") == 2
    assert value(registry, "model_rows_total", form="native") == 2
    observer.observe(batch_of([row, row, row], compiled=2))
    observer.flush()
    assert value(registry, "model_rows_total", form="native") == 3
    assert value(registry, "model_rows_total", form="compiled") == 2


def test_the_estimate_is_the_calibrated_confidence_of_the_predicted_class() -> None:
    observer, registry = make()
    row = (None, "Z", None, None, None, None, "bad", [0.35, 0.6, 0.05])
    observer.observe(batch_of([row]))
    observer.flush()
    assert PROFILE.calibration is not None
    expected = PROFILE.calibration.correct(0.35)
    assert value(registry, "model_estimated_correct_total", slice="color=other") == expected
    assert value(registry, "model_estimated_rows_total", slice="color=other") == 1
    assert value(registry, "model_estimated_rows_total", slice="color=D") == 0


def test_a_model_without_probabilities_estimates_nothing() -> None:
    observer, registry = make()
    row = (0.5, "D", 3, True, None, "a", "good", None)
    observer.observe(batch_of([row], probabilities=None))
    observer.flush()
    assert value(registry, "model_estimated_rows_total", slice="__all__") == 0


def test_anomalies_and_flagged_rows_are_counted() -> None:
    observer, registry = make()
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    observer.observe(
        batch_of(
            [row] * 3,
            flags=[["carat:missing", "count:out_of_range"], ["a:b:unseen", "color:unseen"], ()],
            anomalies={("carat", "missing"): 1, ("count", "above_range"): 1, ("far", "unseen"): 3},
        )
    )
    observer.record_invalid("carat")
    observer.record_invalid(None)
    observer.record_invalid("an unknown name")
    observer.flush()
    anomalies = "model_feature_anomalies_total"
    assert value(registry, anomalies, feature="carat", kind="missing") == 1
    assert value(registry, anomalies, feature="carat", kind="invalid") == 1
    assert value(registry, anomalies, feature="other", kind="invalid") == 1
    assert value(registry, anomalies, feature="count", kind="above_range") == 1
    assert value(registry, anomalies, feature="other", kind="unseen") == 3
    assert value(registry, "model_flagged_rows_total", reason="unseen") == 1
    assert value(registry, "model_flagged_rows_total", reason="missing") == 1
    assert value(registry, "model_flagged_rows_total", reason="out_of_range") == 1


def test_a_regression_counts_numbers_and_bins_them() -> None:
    numbers = RANDOM.normal(size=200)
    features = prediction_features(numbers.tolist(), None, True)
    profile = PROFILE.model_copy(update={"features": features, "calibration": None})
    for rows in (3, 100):
        observer, registry = make(profile, None)
        row = (0.5, "D", 3, True, None, "a", 1.5, None)
        batch = batch_of([row] * rows, probabilities=None)
        observer.observe(batch)
        observer.observe(batch_of([(*row[:6], None, None)], probabilities=None))
        observer.flush()
        assert value(registry, "model_predictions_total", predicted="number") == rows
        assert value(registry, "model_predictions_total", predicted="null") == 1
        binned = features[0].bins[int(features[0].bin_indices([1.5])[0])]
        observed = "model_feature_observations_total"
        assert value(registry, observed, feature="__prediction__", bin=binned) == rows


def test_no_profile_still_counts_rows() -> None:
    observer, registry = make(None)
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    observer.observe(batch_of([row], anomalies={("x", "missing"): 1}))
    observer.flush()
    assert value(registry, "model_predictions_total", predicted="good") == 1
    assert value(registry, "model_feature_anomalies_total", feature="other", kind="missing") == 1


def test_a_later_timestamp_flags_no_row() -> None:
    excluded = {
        "when": DriftExclusion(reason="timestamp", detail="a timestamp"),
        "count": DriftExclusion(reason="excluded", detail="[monitoring] exclude"),
    }
    observer, registry = make(PROFILE.model_copy(update={"drift_excluded": excluded}))
    flags = [["when:out_of_range"], ["when:missing", "when:out_of_range"], ["count:missing"], []]
    assert observer.unexpected_flags(flags) == [[], ["when:missing"], [], []]
    columns = [[None] * 4 for _ in NAMES]
    observer.observe(Batch(columns, ["fair"] * 4, None, [1] * 4, flags, {}))
    observer.flush()
    assert value(registry, "model_flagged_rows_total", reason="out_of_range") == 0
    assert value(registry, "model_flagged_rows_total", reason="missing") == 1


def test_rows_of_arrays_do_not_wait_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.metrics.recorder.MAX_PENDING_ELEMENTS", 1_000)
    arrays = RANDOM.integers(0, 9, (50, 10, 10)).astype(np.uint8)
    frame = pd.DataFrame({"x": pd.Series(list(arrays), dtype=object)})
    profile = build_profile(frame, [("x", "array")])
    package = MeasuredPackage("m", "v", "d", profile, ["__all__"], CLASSES, {})
    registry = CollectorRegistry()
    recorder = MetricsRecorder(["x"], profile, ServingMetrics(package, {}, registry))
    held = []
    for cell in arrays:
        recorder.observe(Batch([[cell]], ["bad"], None, [1], [()], {}, row=[cell]))
        held.append(len(recorder._kept))
    assert max(held) <= 10
    recorder.flush()
    name = "model_feature_observations_total"
    counted = [s for m in registry.collect() for s in m.samples if s.name == name]
    means = [sample.value for sample in counted if sample.labels["feature"] == "x.mean"]
    assert sum(means) == 50


def test_rows_that_left_out_a_feature_are_counted() -> None:
    registry = CollectorRegistry()
    package = MeasuredPackage(
        "diamonds",
        "1-abc",
        "abc",
        PROFILE,
        SLICES.names,
        CLASSES,
        baseline={},
        optional=("carat", "far"),
    )
    observer = MetricsRecorder(NAMES, PROFILE, ServingMetrics(package, {}, registry), {})
    defaults = "model_feature_defaults_total"
    assert value(registry, defaults, feature="carat") == 0
    assert value(registry, defaults, feature="other") == 0
    row = (0.5, "D", 3, True, None, "a", "good", [0.1, 0.2, 0.7])
    observer.observe(batch_of([row] * 3, defaulted={"carat": 2, "far": 3}))
    large = batch_of([row] * 6, defaulted={"carat": 6})
    for part in large.parts(2):
        observer.observe(part)
    observer.flush()
    assert value(registry, defaults, feature="carat") == 8
    assert value(registry, defaults, feature="other") == 3
    assert value(registry, "model_feature_anomalies_total", feature="carat", kind="missing") == 0
