"""Creates and writes metrics; in this package only this module imports prometheus_client.

That package chooses its multiprocess mode at import, from ``PROMETHEUS_MULTIPROC_DIR``; in this
mode gauges need a ``multiprocess_mode``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import prometheus_client.utils
import prometheus_client.values
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from monitoring.exposition.worker_files import CounterFile
from monitoring.metrics.class_labels import class_text

__all__ = ["REGISTRY", "CollectorRegistry", "Counter", "Series"]
__all__ += ["BufferedHistogram"]
__all__ += ["CONTENT_TYPE_LATEST", "Metric", "format_go_float", "generate_latest", "library_text"]
__all__ += ["label", "parse_text", "set_bits", "use_worker_files", "worker_files"]


class _OneNumber:
    """A collector of one sample."""

    def __init__(self, number: float) -> None:
        self._number = number

    def collect(self) -> Iterable[Metric]:
        metric = Metric("number", "", "untyped")
        metric.add_sample("number", {}, self._number)
        yield metric


def written(number: float) -> str:
    """A number in the exposition's format, from an exposition of this number alone."""
    registry = CollectorRegistry()
    registry.register(_OneNumber(number))
    return generate_latest(registry).decode().rpartition(" ")[2].rstrip("\n")


format_go_float: Callable[[float], str] = getattr(
    prometheus_client.utils, "floatToGoString", written
)
"""A number in the exposition's format; fast if the library still has this function."""


class Series:
    """Creates the series of one model and version, in one registry."""

    def __init__(self, model: str, version: str, registry: CollectorRegistry) -> None:
        self.common = (label(model), label(version))
        self._registry = registry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """A counter ``name`` with ``labels`` besides model and version; ``text`` is its help."""
        return Counter(name, text, ("model", "version", *labels), registry=self._registry)

    def gauge(self, name: str, text: str, *labels: str) -> Callable[..., None]:
        """A function that sets the gauge: label values, then the number."""
        names = ("model", "version", *labels)
        gauge = Gauge(name, text, names, registry=self._registry, multiprocess_mode="max")

        def set_to(*values: Any) -> None:
            gauge.labels(*self.common, *map(label, values[:-1])).set(values[-1])

        return set_to

    def histogram(
        self, name: str, text: str, buckets: Sequence[float], *labels: str
    ) -> Callable[..., BufferedHistogram]:
        """A function of label values that creates a histogram with these buckets."""
        names = ("model", "version", *labels)
        family = Histogram(name, text, names, registry=self._registry, buckets=buckets)
        return lambda *values: BufferedHistogram(family.labels(*self.common, *values), buckets)


class BufferedHistogram:
    """Buffers the observations of a histogram until ``flush``.

    Writing each one would take longer than the answer itself. Safe from two threads.
    """

    def __init__(self, histogram: Histogram, bounds: Sequence[float]) -> None:
        self._histogram = histogram
        self._bounds = np.asarray(bounds, np.float64)
        self._by_bucket = _has_parts(histogram, len(bounds) + 1)
        self._waiting: list[float] = []
        self.observe = self._waiting.append
        """Observe one value."""
        self.buckets = len(bounds) + 1
        """The bounded ones, and one for all other values."""

    def flush(self) -> None:
        """Write the buffered observations."""
        values = self._waiting[:]
        if not values:
            return
        del self._waiting[: len(values)]  # another thread may have added more
        if not self._by_bucket:
            for value in values:
                self._histogram.observe(value)
            return
        counts = np.bincount(np.searchsorted(self._bounds, values))
        self._add(counts.tolist(), sum(values))

    def add(self, counts: Sequence[int], total: float) -> None:
        """Write observations that were counted elsewhere, by bucket; ``total``: their sum.

        Without the library's internals they are observed as the bounds of their buckets.
        """
        if self._by_bucket:
            self._add(counts, total)
            return
        for count, bound in zip(counts, (*self._bounds, 2 * self._bounds[-1]), strict=True):
            for _ in range(count):
                self._histogram.observe(float(bound))

    def _add(self, counts: Sequence[int], total: float) -> None:
        """Equals as many calls of Histogram.observe, for which there is no public API."""
        for index, count in enumerate(counts):
            if count:
                self._histogram._buckets[index].inc(count)
        self._histogram._sum.inc(total)


def _has_parts(histogram: Histogram, buckets: int) -> bool:
    """Whether a histogram has the known internals; else each value is observed, more slowly."""
    counts, total = getattr(histogram, "_buckets", None), getattr(histogram, "_sum", None)
    return (
        isinstance(counts, list)
        and len(counts) == buckets
        and all(callable(getattr(one, "inc", None)) for one in (*counts, total))
    )


def label(value: Any) -> str:
    """``value`` as a label: its text in JSON, with characters escaped that UTF-8 can't encode.

    A single lone surrogate in a label would make the whole exposition fail.
    """
    return class_text(value).encode("utf-8", "backslashreplace").decode("utf-8")


def set_bits(bitmap: int) -> list[int]:
    """The positions of the bits that are set."""
    return [index for index in range(bitmap.bit_length()) if bitmap >> index & 1]


def use_worker_files(worker: str) -> None:
    """Name this process's counter files by ``worker`` instead of its process id.

    Call it before the first metric is created. prometheus_client then continues from the values in
    files of this name, and writes them with :class:`CounterFile`.
    """
    values: Any = prometheus_client.values
    values.MmapedDict = CounterFile
    values.ValueClass = values.MultiProcessValue(lambda: worker)


@contextmanager
def worker_files(worker: str) -> Iterator[None]:
    """``use_worker_files`` while the block runs.

    Raises ``AttributeError`` if the library lacks the parts that are replaced.
    """
    values: Any = prometheus_client.values
    before = {name: getattr(values, name) for name in ("MmapedDict", "ValueClass")}
    try:
        use_worker_files(worker)
        yield
    finally:
        for name, part in before.items():
            setattr(values, name, part)


def parse_text(exposition: str) -> Iterable[Metric]:
    """The families of a text in Prometheus's format; raises ``ValueError`` for another one."""
    families: Iterable[Metric] = text_string_to_metric_families(exposition)
    return families


def library_text(folder: Path) -> bytes:
    """The exposition of the counter files in ``folder``, rendered by the library alone."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)
