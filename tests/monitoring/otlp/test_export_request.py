"""A request holds the samples of the exposition, as OpenTelemetry's own messages read it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from otlp_receiver import Pushed, scraped_series
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from monitoring.otlp.export_request import Moment, Resource, export_request

RESOURCE = Resource("shop", "1.0.0-3f9c12ab45de", "one")
MOMENT = Moment(start=1_000, now=2_000)
LABELS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.floats(0, 1e300)


def pushed(text: str, moment: Moment = MOMENT) -> Pushed:
    message = ExportMetricsServiceRequest.FromString(export_request(text, RESOURCE, moment))
    return Pushed({}, message, 0.0)


@given(
    st.dictionaries(LABELS, VALUES, max_size=4),
    st.dictionaries(LABELS, st.floats(allow_nan=False), max_size=4),
    st.dictionaries(LABELS, st.lists(st.floats(0, 10), max_size=5), max_size=3),
)
def test_every_sample_arrives(
    counted: dict[str, float], levels: dict[str, float], observed: dict[str, list[float]]
) -> None:
    registry = CollectorRegistry()
    rows = Counter("model_rows", 'Rows: "a\\b"\nand more.', ["form"], registry=registry)
    level = Gauge("model_level_ratio", "Level.", ["part"], registry=registry)
    seconds = Histogram(
        "model_seconds", "S.", ["code"], registry=registry, buckets=(0.0005, 0.25, 1.0, 5.0)
    )
    for label, value in counted.items():
        rows.labels(label).inc(value)
    for label, value in levels.items():
        level.labels(label).set(value)
    for label, values in observed.items():
        for value in values:
            seconds.labels(label).observe(value)
    lines = generate_latest(registry).decode().split("\n")
    text = "\n".join(line for line in lines if "_created" not in line)
    assert pushed(text).series() == scraped_series(text)


TEXT = """\
# HELP model_rows_total Rows.
# TYPE model_rows_total counter
model_rows_total{model="shop"} 3.0
# HELP model_seconds Seconds.
# TYPE model_seconds histogram
model_seconds_bucket{model="shop",le="0.5"} 2.0
model_seconds_bucket{model="shop",le="1.0"} 2.0
model_seconds_bucket{model="shop",le="+Inf"} 5.0
model_seconds_count{model="shop"} 5.0
model_seconds_sum{model="shop"} 12.5
# HELP model_level Level.
# TYPE model_level gauge
model_level{model="shop"} NaN
# HELP own_summary A model's own.
# TYPE own_summary summary
own_summary_count{model="shop"} 2.0
own_summary_sum{model="shop"} 4.0
"""


def test_kinds_times_and_resource() -> None:
    found = pushed(TEXT)
    assert found.resource == {
        "service.name": "shop",
        "service.version": "1.0.0-3f9c12ab45de",
        "service.instance.id": "one",
    }
    kinds = {metric.name: metric.WhichOneof("data") for metric in found.metrics}
    assert kinds == {
        "model_rows_total": "sum",
        "model_seconds": "histogram",
        "model_level": "gauge",
        "own_summary_count": "gauge",
        "own_summary_sum": "gauge",
    }
    rows, seconds = found.metrics[0], found.metrics[1]
    assert (rows.sum.is_monotonic, rows.sum.aggregation_temporality) == (True, 2)
    assert (rows.description, rows.unit) == ("Rows.", "")
    (point,) = rows.sum.data_points
    assert (point.start_time_unix_nano, point.time_unix_nano) == (1_000, 2_000)
    (point,) = seconds.histogram.data_points
    assert list(point.bucket_counts) == [2, 0, 3]
    assert list(point.explicit_bounds) == [0.5, 1.0]
    assert (point.count, point.sum, seconds.histogram.aggregation_temporality) == (5, 12.5, 2)
    (level,) = (point for metric, point in found.points if metric.name == "model_level")
    assert math.isnan(level.as_double)


def test_the_end_has_every_series_and_no_value() -> None:
    found = pushed(TEXT, Moment(1_000, 3_000, ended=True))
    assert found.ends
    assert set(found.series()) >= {("model_rows_total", frozenset({("model", "shop")}))}
    assert len(found.points) == len(pushed(TEXT).points)
    assert all(point.time_unix_nano == 3_000 for _, point in found.points)
