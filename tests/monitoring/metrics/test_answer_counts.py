from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from prometheus_client import CollectorRegistry
from served_answers import NAMES, output

from monitoring.metrics.output_feedback import OutputFeedbackMetrics
from monitoring.metrics.recorder import Batch, MetricsRecorder
from monitoring.metrics.reference import HeldOutScore, MeasuredPackage
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.answers import MAX_ANSWER_FEATURES, answer_columns
from monitoring.scoring.outputs import ERRORS, with_parts
from monitoring.stats.binning import MAX_FEATURES, build_profile
from packager.worker.train.answer_features import answer_features
from serving.routes import MEASURED

OUTPUTS = with_parts(
    [output("price", "number"), output("tags", "labels", ("a", "b")), output("e", "array", size=2)]
)


def answers(rows: int, shift: float = 0.0) -> list[Any]:
    return [
        {
            "price": row / rows + shift,
            "tags": [["a"], ["a", "b"], []][row % 3],
            "e": [float(row), shift],
        }
        for row in range(rows)
    ]


def test_answers_count_in_the_bins_of_the_reference() -> None:
    frame = pd.DataFrame({"x": np.arange(100.0)})
    profile = build_profile(frame, [("x", "number")])
    features = (*profile.features, *answer_features(answers(300), OUTPUTS))
    profile = profile.model_copy(update={"features": features})
    registry = CollectorRegistry()
    package = MeasuredPackage("m", "1", "d", profile, NAMES, None, {}, OUTPUTS)
    metrics = ServingMetrics(package, {}, registry)
    recorder = MetricsRecorder(["x"], profile, metrics)
    for given in (answers(300), [None, {"price": None, "tags": None, "e": None}]):
        rows = len(given)
        recorder.observe(
            Batch([[1.0] * rows], given, None, np.ones(rows, np.int64), [()] * rows, {})
        )
    recorder.flush()

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"model": "m", "version": "1"} | labels)

    names = [feature.name for feature in features[1:]]
    assert names == [
        "__prediction__.price",
        "__prediction__.tags",
        "__prediction__.e.nearest",
        "__prediction__.tags.count",
        "__prediction__.e.norm",
        "__prediction__.e.mean",
    ]
    for feature in features[1:]:
        if feature.measure is not None:  # its reference is half of the rows
            of_rows = feature.bin_indices([np.array(one["e"]) for one in answers(300)])
            counts = np.bincount(of_rows, minlength=len(feature.bins)).tolist()
            feature = feature.model_copy(update={"counts": tuple(counts)})
        for bin_, count in zip(feature.bins, feature.counts, strict=True):
            where = {"feature": feature.name, "bin": bin_}
            assert value("model_feature_observations_total", **where) == count
    assert value("model_predictions_total", predicted="answer") == 301
    assert value("model_predictions_total", predicted="null") == 1
    assert value("model_slice_predictions_total", slice="__all__") == 302
    # No anomalies are counted of answers.
    where = {"feature": "__prediction__.price", "kind": "missing"}
    assert value("model_feature_anomalies_total", **where) is None


def test_at_most_900_series() -> None:
    kinds = [
        *[output(f"n{place}", "number") for place in range(6)],
        output("t", "labels", tuple(f"label {place}" for place in range(40))),
        output("q", "quantiles", levels=tuple(place / 10 for place in range(1, 10))),
    ]
    outputs = with_parts(kinds)
    generator = np.random.default_rng(0)
    given = [
        {
            **{f"n{place}": float(generator.normal()) for place in range(6)},
            "t": [f"label {row % 40}"],
            "q": {f"{place / 10:g}": float(row) for place in range(1, 10)},
        }
        for row in range(1000)
    ]
    made = answer_features(given, outputs)
    assert len(made) == MAX_ANSWER_FEATURES < len(answer_columns(outputs))
    frame = pd.DataFrame({f"f{place}": np.arange(1000) for place in range(200)})
    profile = build_profile(frame, [(name, "integer") for name in frame], MAX_FEATURES - len(made))
    profile = profile.model_copy(update={"features": (*profile.features, *made)})
    slices = [f"slice {place}" for place in range(24)]
    registry = CollectorRegistry()
    baseline = dict.fromkeys(slices, HeldOutScore(None, 10))
    headlines = {
        (one.name, name): HeldOutScore(0.5, 10, 0.25 if one.headline in ERRORS else None)
        for one in outputs
        for name in slices
    }
    package = MeasuredPackage("m", "1", "d", profile, slices, None, baseline, outputs, headlines)
    metrics = ServingMetrics(package, MEASURED, registry)
    OutputFeedbackMetrics(metrics.series, slices, outputs)
    for route in ("/invocations", "/v2/models/{name}/infer"):
        metrics.observe_request(route, 200, 0.01)
        metrics.observe_request(route, 422, 0.01)
    found = [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    ]
    assert 700 < len(found) <= 900, len(found)
