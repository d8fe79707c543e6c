"""A receiver of OTLP over HTTP, which decodes with OpenTelemetry's own messages."""

from __future__ import annotations

import gzip
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Series = dict[tuple[str, Labels], float]
ENDED = 1
"""DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK."""


def scraped_series(text: str) -> Series:
    """The samples of an exposition; bounds are written as Prometheus's OTLP receiver does it."""
    return {
        (sample.name, frozenset((key, _bound(value) if key == "le" else value)
                                for key, value in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip


def _bound(text: str | float) -> str:
    """Go's ``FormatFloat(bound, 'f', -1, 64)``: 1 for 1.0, 1209600 for 1.2096e+06."""
    number = float(text)
    if math.isinf(number):
        return "+Inf"
    return str(int(number)) if number.is_integer() else repr(number)


@dataclass(frozen=True)
class Pushed:
    """One request, as it came."""

    headers: Mapping[str, str]
    message: ExportMetricsServiceRequest
    at: float
    """``time.monotonic()``."""

    @property
    def resource(self) -> dict[str, str]:
        (one,) = self.message.resource_metrics
        return {pair.key: pair.value.string_value for pair in one.resource.attributes}

    @property
    def metrics(self) -> list[Any]:
        return [
            metric
            for resource in self.message.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    @property
    def points(self) -> list[tuple[Any, Any]]:
        """Each metric with each of its points."""
        return [
            (metric, point)
            for metric in self.metrics
            for point in getattr(metric, metric.WhichOneof("data")).data_points
        ]

    @property
    def ends(self) -> bool:
        """Whether it says that every series has ended."""
        return all(point.flags == ENDED for _, point in self.points)

    def series(self) -> Series:
        """The samples that Prometheus's receiver makes of it, but for ``job`` and ``instance``.

        Source: storage/remote/otlptranslator/prometheusremotewrite of Prometheus 3.
        """
        found: Series = {}
        for metric, point in self.points:
            labels = frozenset((one.key, one.value.string_value) for one in point.attributes)
            kind = metric.WhichOneof("data")
            if kind != "histogram":
                monotonic = kind == "sum" and metric.sum.is_monotonic
                suffix = "_total" if monotonic and not metric.name.endswith("_total") else ""
                found[metric.name + suffix, labels] = point.as_double
                continue
            assert metric.histogram.aggregation_temporality == (
                AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
            )
            count = 0
            for bound, inside in zip(point.explicit_bounds, point.bucket_counts, strict=False):
                count += inside
                found[f"{metric.name}_bucket", labels | {("le", _bound(bound))}] = count
            found[f"{metric.name}_bucket", labels | {("le", "+Inf")}] = point.count
            found[f"{metric.name}_count", labels] = point.count
            found[f"{metric.name}_sum", labels] = point.sum
        return found


@dataclass
class Receiver:
    """A running receiver, and what it was sent."""

    url: str
    pushed: list[Pushed] = field(default_factory=list)
    open_requests: int = 0
    most_open: int = 0
    """The most requests at the same time."""

    def until(self, wanted: Callable[[Receiver], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not wanted(self):
            assert time.monotonic() < end, f"{len(self.pushed)} pushes in {seconds} s"
            time.sleep(0.05)


Answer = Callable[[Receiver], tuple[int, Mapping[str, str], bytes]]


def taken(_: Receiver) -> tuple[int, Mapping[str, str], bytes]:
    """Everything was stored."""
    return 200, {}, ExportMetricsServiceResponse().SerializeToString()


def refusing(points: int) -> Answer:
    """Stores all but some points."""
    answer = ExportMetricsServiceResponse()
    answer.partial_success.rejected_data_points = points
    answer.partial_success.error_message = "too old"
    return lambda _: (200, {}, answer.SerializeToString())


@contextmanager
def receiver(answer: Answer = taken, context: Any = None) -> Iterator[Receiver]:
    """An HTTP server on a free port of 127.0.0.1; ``context``: of TLS."""
    found = Receiver("")
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with lock:
                found.open_requests += 1
                found.most_open = max(found.most_open, found.open_requests)
            try:
                body = self.rfile.read(int(self.headers["content-length"]))
                message = ExportMetricsServiceRequest.FromString(gzip.decompress(body))
                headers = {name.lower(): value for name, value in self.headers.items()}
                found.pushed.append(Pushed(headers, message, time.monotonic()))
                status, told, content = answer(found)
            finally:
                with lock:
                    found.open_requests -= 1
            self.send_response(status)
            for name, value in {**told, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    found.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/v1/metrics"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
