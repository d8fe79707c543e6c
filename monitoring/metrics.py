"""Every metric this project exports; the only import of prometheus_client.

Workers add to counters and never export a quotient, so numbers of any set of workers and
replicas can be summed. Every series carries ``model`` and ``version`` and exists from the start:
a counter that appears with its first increment loses that increment. prometheus_client picks its
multiprocess mode at import, from ``PROMETHEUS_MULTIPROC_DIR``; gauges there need a mode.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from monitoring.profile import Profile

OTHER = "other"
NUMBER = "number"
NULL = "null"
MAX_CLASSES = 20
MAX_FEATURES = 20
ANOMALIES = ("missing", "unseen", "below_range", "above_range")
REASONS = ("missing", "unseen", "out_of_range")
STAGES = ("validate", "predict", "total")
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000)

Baseline = Mapping[str, tuple[float | None, int]]


@dataclass(frozen=True)
class Batch:
    """What one answered request adds to the counters; n rows."""

    predicted: Sequence[Any]
    """n predictions; None where there is none."""
    slices: Mapping[str, npt.NDArray[np.bool_]]
    """Slice → which rows are in it."""
    bins: Mapping[str, npt.NDArray[np.int64]]
    """Feature → bin of each row, -1 for none."""
    anomalies: Mapping[tuple[str, str], int]
    """(feature, kind) → values."""
    flags: Sequence[Sequence[str]]
    """Per row, ``feature:reason``."""


class Metrics:
    """The metrics of one package version in this process."""

    def __init__(
        self,
        model: str,
        version: str,
        *,
        digest: str,
        profile: Profile | None,
        slices: Iterable[str],
        classes: Sequence[Any] | None,
        baseline: Baseline,
        routes: Mapping[str, Sequence[str]],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """Create every series at 0.

        ``classes``: labels a classifier predicts, None for a regression. ``baseline``: slice →
        accuracy (None if unknown) and rows of the evaluation. ``routes``: route template →
        classes of status codes it answers with (``2xx``).
        """
        self._common = (label(model), label(version))
        self._registry = registry
        self._serving(routes)
        self._predictions(classes, slices)
        self._features(profile)
        self._reference(digest, profile, baseline)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """One answered request; ``route`` is a template, never a raw path."""
        self._request_seconds.labels(*self._common, route, f"{status // 100}xx").observe(seconds)

    def observe_stage(self, stage: str, seconds: float) -> None:
        """Time one request spent in one of ``STAGES``."""
        self._stages[stage].observe(seconds)

    def observe_batch(self, batch: Batch) -> None:
        """Count the rows of an answered request: one increment for each series touched."""
        self._batch_rows.observe(len(batch.predicted))
        for prediction, count in Tally(map(self._predicted_label, batch.predicted)).items():
            self._predicted[prediction].inc(count)
        for name, mask in batch.slices.items():
            self._add(self._slices[name], int(np.count_nonzero(mask)))
        for name, indices in batch.bins.items():
            counters = self._bins[name]
            for counter, count in zip(counters, _counts(indices, len(counters)), strict=True):
                self._add(counter, count)
        for (feature, kind), count in batch.anomalies.items():
            self._anomalies[feature if feature in self._anomalous else OTHER, kind].inc(count)
        reasons = Tally(reason for flags in batch.flags for reason in _reasons(flags))
        for reason, count in reasons.items():
            self._suspicious[reason].inc(count)

    def _serving(self, routes: Mapping[str, Sequence[str]]) -> None:
        self._request_seconds = self._histogram(
            "model_request_duration_seconds",
            "Time to answer a request.",
            ("route", "code"),
            SECONDS,
        )
        for route, codes in routes.items():
            for code in codes:
                self._request_seconds.labels(*self._common, route, code)
        stages = self._histogram(
            "model_stage_duration_seconds",
            "Time spent in a stage of predicting.",
            ("stage",),
            SECONDS,
        )
        self._stages = {stage: stages.labels(*self._common, stage) for stage in STAGES}
        rows = self._histogram("model_batch_rows", "Rows of a request.", (), ROWS)
        self._batch_rows = rows.labels(*self._common)

    def _predictions(self, classes: Sequence[Any] | None, slices: Iterable[str]) -> None:
        texts = [NUMBER] if classes is None else [label(c) for c in classes[:MAX_CLASSES]]
        self._regression = classes is None
        if not self._regression:
            texts.append(OTHER)
        counter = self._counter("model_predictions_total", "Rows by prediction.", ("predicted",))
        self._predicted = {text: counter.labels(*self._common, text) for text in (*texts, NULL)}
        counter = self._counter("model_slice_predictions_total", "Rows in a slice.", ("slice",))
        self._slices = {name: counter.labels(*self._common, label(name)) for name in slices}
        counter = self._counter(
            "model_suspicious_rows_total", "Rows with at least one such flag.", ("reason",)
        )
        self._suspicious = {reason: counter.labels(*self._common, reason) for reason in REASONS}

    def _features(self, profile: Profile | None) -> None:
        counter = self._counter(
            "model_feature_observations_total", "Values in a bin.", ("feature", "bin")
        )
        features = profile.features if profile else ()
        self._bins = {
            feature.name: [
                counter.labels(*self._common, label(feature.name), label(text))
                for text in feature.bins
            ]
            for feature in features
        }
        left_out = profile.left_out if profile else ()
        names = [feature.name for feature in features]
        self._anomalous = frozenset([*names, *left_out][:MAX_FEATURES])
        counter = self._counter(
            "model_feature_anomalies_total", "Values unlike the training rows.", ("feature", "kind")
        )
        self._anomalies = {
            (name, kind): counter.labels(*self._common, label(name), kind)
            for name in (*sorted(self._anomalous), OTHER)
            for kind in ANOMALIES
        }

    def _reference(self, digest: str, profile: Profile | None, baseline: Baseline) -> None:
        info = self._gauge("model_package_info", "1 for the package served.", ("digest",))
        info.labels(*self._common, digest).set(1)
        rows = self._gauge(
            "model_feature_reference_rows", "Training rows in a bin.", ("feature", "bin")
        )
        for feature in profile.features if profile else ():
            for text, count in zip(feature.bins, feature.counts, strict=True):
                rows.labels(*self._common, label(feature.name), label(text)).set(count)
        accuracy = self._gauge(
            "model_slice_baseline_accuracy_ratio", "Accuracy on held-out rows.", ("slice",)
        )
        rows = self._gauge("model_slice_baseline_rows", "Held-out rows in a slice.", ("slice",))
        for name, (value, count) in baseline.items():
            rows.labels(*self._common, label(name)).set(count)
            if value is not None:
                accuracy.labels(*self._common, label(name)).set(value)

    def _counter(self, name: str, text: str, labels: Sequence[str]) -> Counter:
        return Counter(name, text, ("model", "version", *labels), registry=self._registry)

    def _gauge(self, name: str, text: str, labels: Sequence[str]) -> Gauge:
        names = ("model", "version", *labels)
        return Gauge(name, text, names, registry=self._registry, multiprocess_mode="max")

    def _histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Histogram:
        names = ("model", "version", *labels)
        return Histogram(name, text, names, registry=self._registry, buckets=buckets)

    def _predicted_label(self, prediction: Any) -> str:
        if prediction is None:
            return NULL
        if self._regression:
            return NUMBER
        text = label(prediction)
        return text if text in self._predicted else OTHER

    @staticmethod
    def _add(counter: Counter, count: int) -> None:
        if count:
            counter.inc(count)


def label(value: Any) -> str:
    """``value`` as a label: its text, with what UTF-8 can't hold escaped.

    One lone surrogate in a label would make the whole exposition fail.
    """
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _counts(indices: npt.NDArray[np.int64], bins: int) -> list[int]:
    counts: list[int] = np.bincount(indices[indices >= 0], minlength=bins).tolist()
    return counts


def _reasons(flags: Sequence[str]) -> set[str]:
    return {flag.rpartition(":")[2] for flag in flags}
