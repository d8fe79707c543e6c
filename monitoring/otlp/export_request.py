"""The text of ``/metrics`` as an ``ExportMetricsServiceRequest`` of OTLP 1.

Source of messages and field numbers: opentelemetry/proto/metrics/v1/metrics.proto, which is stable:
numbers never change. Names keep their suffixes (``_total``), and units stay empty, so that a
receiver that translates names for Prometheus leaves them as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from monitoring.metrics.registry import Metric, parse_text
from monitoring.otlp.wire import (
    double,
    fixed,
    message,
    packed_doubles,
    packed_fixed,
    text,
    unsigned,
)

CUMULATIVE = 2
"""AGGREGATION_TEMPORALITY_CUMULATIVE."""
NO_RECORDED_VALUE = 1
"""DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK: the series has ended, as a stale marker says it."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Resource:
    """The source of the series; receivers for Prometheus make ``job`` and ``instance`` of it."""

    name: str
    """``service.name``: the model."""
    version: str
    """``service.version``: the package's tag."""
    instance: str
    """``service.instance.id``: one run of a replica."""

    def encoded(self) -> bytes:
        """The message ``Resource``."""
        pairs = {
            "service.name": self.name,
            "service.version": self.version,
            "service.instance.id": self.instance,
        }
        return b"".join(message(1, _attribute(key, value)) for key, value in pairs.items())


@dataclass(frozen=True)
class Moment:
    """When the values were counted; nanoseconds since 1970."""

    start: int
    """When counting began."""
    now: int
    ended: bool = False
    """No values, but that their series have ended."""

    def times(self) -> bytes:
        """The fields of a cumulative point; their numbers are those of every kind of point."""
        return fixed(2, self.start) + fixed(3, self.now)


def export_request(exposition: str, resource: Resource, moment: Moment) -> bytes:
    """The request with every sample of ``exposition``, which is in Prometheus's text format."""
    metrics = b"".join(
        message(2, metric)
        for family in parse_text(exposition)
        for metric in _metrics(family, moment)
    )
    scope = message(1, text(1, "model-packager"))
    return message(1, message(1, resource.encoded()) + message(2, scope + metrics))


def _metrics(family: Metric, moment: Moment) -> Iterable[bytes]:
    """The messages ``Metric`` of a family: one, but for kinds that OTLP has no form of."""
    if family.type == "counter":
        points = _points(family, moment, moment.times())
        for name, data_points in points.items():
            yield _metric(name, family, 7, data_points + unsigned(2, CUMULATIVE) + unsigned(3, 1))
    elif family.type == "histogram":
        points_of_all = b"".join(
            message(1, _histogram_point(labels, values, moment))
            for labels, values in _histograms(family).items()
        )
        yield _metric(family.name, family, 9, points_of_all + unsigned(2, CUMULATIVE))
    else:
        for name, data_points in _points(family, moment, fixed(3, moment.now)).items():
            yield _metric(name, family, 5, data_points)


def _metric(name: str, family: Metric, kind: int, data: bytes) -> bytes:
    return text(1, name) + text(2, family.documentation) + message(kind, data)


def _points(family: Metric, moment: Moment, times: bytes) -> Mapping[str, bytes]:
    """The messages ``NumberDataPoint`` of each name of samples."""
    points: dict[str, bytes] = {}
    for sample in family.samples:
        value = unsigned(8, NO_RECORDED_VALUE) if moment.ended else double(4, sample.value)
        point = _attributes(7, sample.labels.items()) + times + value
        points[sample.name] = points.get(sample.name, b"") + message(1, point)
    return points


@dataclass
class _Histogram:
    buckets: list[tuple[float, int]]
    """Upper bound and cumulative count."""
    total: float = 0.0


def _histograms(family: Metric) -> Mapping[Labels, _Histogram]:
    histograms: dict[Labels, _Histogram] = {}
    for sample in family.samples:
        labels = tuple((key, value) for key, value in sample.labels.items() if key != "le")
        histogram = histograms.setdefault(labels, _Histogram([]))
        if sample.name == f"{family.name}_bucket":
            histogram.buckets.append((float(sample.labels["le"]), int(sample.value)))
        elif sample.name == f"{family.name}_sum":
            histogram.total = sample.value
    return histograms


def _histogram_point(labels: Labels, histogram: _Histogram, moment: Moment) -> bytes:
    """The message ``HistogramDataPoint``, whose counts are of one bucket each."""
    attributes = _attributes(9, labels) + moment.times()
    if moment.ended:
        return attributes + unsigned(10, NO_RECORDED_VALUE)
    buckets = sorted(histogram.buckets)
    bounds = [bound for bound, _ in buckets if not math.isinf(bound)]
    reached = [0, *(count for _, count in buckets)]
    counts = [upper - lower for lower, upper in pairwise(reached)]
    return (
        attributes
        + fixed(4, reached[-1])
        + double(5, histogram.total)
        + packed_fixed(6, counts)
        + packed_doubles(7, bounds)
    )


def _attributes(field: int, labels: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(message(field, _attribute(key, value)) for key, value in labels)


def _attribute(key: str, value: str) -> bytes:
    """The message ``KeyValue`` with a ``string_value``."""
    return text(1, key) + message(2, text(1, value))
