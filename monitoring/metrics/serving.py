"""The metrics of serving; those of feedback are in :mod:`monitoring.metrics.feedback`.

Workers add to counters and never export a ratio, so values of any set of workers and replicas can
be summed. Every series has ``model`` and ``version`` and exists from the start, because
``increase`` misses the first increment of a new counter. (Two exceptions appear when they occur:
routes and codes that few servers use, and anomalies that a feature's kind normally can't have.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from monitoring.metrics.latency import LATENCY_BUCKETS
from monitoring.metrics.members import MemberMetrics
from monitoring.metrics.reference import (
    ANOMALIES,
    OTHER,
    MeasuredPackage,
    expose_baseline,
    expose_design_effect,
    expose_output_baseline,
    expose_proof,
    expose_reference,
    named_features,
)
from monitoring.metrics.registry import (
    REGISTRY,
    BufferedHistogram,
    CollectorRegistry,
    Counter,
    Series,
    label,
    set_bits,
)
from monitoring.profile.profile import Profile

NUMBER = "number"
ANSWER = "answer"
NULL = "null"
MAX_CLASSES = 20
FLAGS = ("missing", "unseen", "out_of_range")
STAGES = ("validate", "predict")
EMBEDDED = ("measured", "failed")
FORMS = ("compiled", "native")
COMPARISONS = ("match", "mismatch", "dropped")
CODES = ("2xx", "4xx", "5xx")
STAGE_BUCKETS = (0.0001, 0.00025, 0.001, 0.0025, 0.01, 0.1)
ROWS_BUCKETS = (1, 10, 100, 1_000, 10_000)


class ServingMetrics:
    """The metrics of one package version in this process, except those of feedback."""

    def __init__(
        self,
        package: MeasuredPackage,
        routes: Mapping[str, Sequence[str]],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """Create every series at 0.

        ``routes``: route template → classes of its status codes (``2xx``), for series that exist
        from the start.
        """
        self.series = Series(package.model, package.version, registry)
        self.classes = package.classes
        self.outputs = tuple(package.outputs)
        self.slice_names = tuple(package.slices)
        self._serving(routes)
        self._predictions(package.classes)
        self._features(package.profile, package.optional)
        self.members = MemberMetrics(self.series, package.members)
        """The metrics of a solution's members."""
        expose_reference(self.series, package.digest, package.profile)
        self.set_proof = expose_proof(self.series, package)
        """Set where the compiled form was proved, once a server has compared it."""
        expose_design_effect(self.series, package.design_effect)
        if self.outputs:
            expose_output_baseline(self.series, package)
        else:
            expose_baseline(self.series, package.baseline, regression=package.classes is None)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """Observe one answered request; ``route`` is a template, never a raw path."""
        observe = self._observe.get((route, status))
        if observe is None:
            observe = self._observe[route, status] = self._request(route, f"{status // 100}xx")
        observe(seconds)

    def add_bins(self, feature: str, counts: Sequence[int]) -> None:
        """Add rows per bin of a feature."""
        for counter, count in zip(self._bins[feature], counts, strict=True):
            if count:
                counter.inc(count)

    def add_predictions(self, counts: Mapping[Any, int]) -> None:
        """Add rows by prediction; None for no prediction."""
        for prediction, count in counts.items():
            self._predicted[self._predicted_label(prediction)].inc(count)

    def add_forms(self, compiled: int, native: int) -> None:
        """Add rows by the form of the model that predicted them."""
        for form, count in zip(FORMS, (compiled, native), strict=True):
            if count:
                self._forms[form].inc(count)

    def add_embedded(self, outcome: str, rows: int) -> None:
        """Add rows whose embedding was asked for; ``outcome`` is one of ``EMBEDDED``."""
        self._embedded[outcome].inc(rows)

    def add_comparison(self, outcome: str) -> None:
        """Count one row of the compiled check; ``outcome`` is one of ``COMPARISONS``."""
        self._comparisons[outcome].inc()

    def add_slices(self, counts: Iterable[tuple[int, int, int, float]]) -> None:
        """Add tuples: bitmap, rows, rows with a confidence, expected correct ones among them."""
        for bitmap, rows, estimated, correct in counts:
            for index in set_bits(bitmap):
                self._slices[index].inc(rows)
                if estimated:
                    self._estimated_rows[index].inc(estimated)
                    self._estimated_correct[index].inc(correct)

    def add_anomalies(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add values by (feature, kind)."""
        for (feature, kind), count in counts.items():
            if feature in self._excluded and not self._excluded[feature].counts(kind):
                continue
            name = label(feature) if feature in self._named else OTHER
            self._anomalies.labels(*self.series.common, name, kind).inc(count)

    def add_defaults(self, counts: Mapping[str, int]) -> None:
        """Add rows that left a feature out, by feature."""
        for feature, count in counts.items():
            name = label(feature) if feature in self._named else OTHER
            self._defaults.labels(*self.series.common, name).inc(count)

    def add_extra_columns(self, count: int) -> None:
        """Add the unknown columns of one request."""
        self._extra_columns.inc(count)

    def add_flagged(self, counts: Mapping[str, int]) -> None:
        """Add rows with at least one such flag, by reason."""
        for reason, count in counts.items():
            self._flagged[reason].inc(count)

    def add_unwritten(self, changes: int) -> None:
        """Add counter changes that could not be written to a file."""
        if changes:
            self._unwritten.inc(changes)

    def flush(self) -> None:
        """Write the buffered observations of histograms."""
        for spread in (*self._requests.values(), *self._stages.values(), self._request_rows):
            spread.flush()

    def _serving(self, routes: Mapping[str, Sequence[str]]) -> None:
        self._request_seconds = self.series.histogram(
            "model_request_duration_seconds",
            "Time to answer a request.",
            LATENCY_BUCKETS,
            "route",
            "code",
        )
        self._unwritten = self.series.counter(
            "model_unwritten_increments_total",
            "Increments kept in memory because their file has no space.",
        ).labels(*self.series.common)
        self._requests: dict[tuple[str, str], BufferedHistogram] = {}
        self._observe: dict[tuple[str, int], Callable[[float], None]] = {}
        for route, codes in routes.items():
            self._add_route(route, codes)
        stage = self.series.histogram(
            "model_stage_duration_seconds",
            "Time spent in a stage of predicting.",
            STAGE_BUCKETS,
            "stage",
        )
        self._stages = {name: stage(name) for name in STAGES}
        self.observe_stage = {name: spread.observe for name, spread in self._stages.items()}
        """Stage → a function that observes the seconds of one request."""
        self._request_rows = self.series.histogram(
            "model_request_rows", "Rows of a request.", ROWS_BUCKETS
        )()
        self.observe_rows = self._request_rows.observe
        """Observes the number of rows of one answered request."""

    def _request(self, route: str, code: str) -> Callable[[float], None]:
        if (route, code) not in self._requests:
            self._add_route(route, (CODES[0], code))
        return self._requests[route, code].observe

    def _add_route(self, route: str, codes: Iterable[str]) -> None:
        for code in codes:
            if (route, code) not in self._requests:
                self._requests[route, code] = self._request_seconds(route, code)

    def _predictions(self, classes: Sequence[Any] | None) -> None:
        common = self.series.common
        texts = [ANSWER] if self.outputs else [NUMBER]
        if classes is not None:
            texts = [label(c) for c in classes[:MAX_CLASSES]]
        if classes is not None:
            texts.append(OTHER)
        counter = self.series.counter("model_predictions_total", "Rows by prediction.", "predicted")
        self._predicted = {text: counter.labels(*common, text) for text in (*texts, NULL)}
        counter = self.series.counter(
            "model_rows_total", "Rows by the form of the model that predicted them.", "form"
        )
        self._forms = {form: counter.labels(*common, form) for form in FORMS}
        counter = self.series.counter(
            "model_compiled_checks_total", "Rows that the model predicted again.", "outcome"
        )
        self._comparisons = {text: counter.labels(*common, text) for text in COMPARISONS}
        self.refused_rows = self.series.counter(
            "model_refused_rows_total",
            "Rows on which the model raised an exception, though it predicts others.",
        ).labels(*common)
        self._slices = self._by_slice("model_slice_predictions_total", "Rows in a slice.")
        if not self.outputs:
            self._estimates()
        counter = self.series.counter(
            "model_flagged_rows_total", "Rows with at least one flag of this reason.", "reason"
        )
        self._flagged = {reason: counter.labels(*common, reason) for reason in FLAGS}
        self._extra_columns = self.series.counter(
            "model_extra_columns_total", "Columns that the model does not know, by request."
        ).labels(*common)

    def _estimates(self) -> None:
        self._estimated_rows = self._by_slice(
            "model_estimated_rows_total", "Rows whose correctness is estimated."
        )
        self._estimated_correct = self._by_slice(
            "model_estimated_correct_total", "Estimated number of correct predictions among them."
        )

    def _by_slice(self, name: str, text: str) -> list[Counter]:
        counter = self.series.counter(name, text, "slice")
        return [counter.labels(*self.series.common, label(name)) for name in self.slice_names]

    def _features(self, profile: Profile | None, optional: Sequence[str]) -> None:
        common = self.series.common
        features = profile.features if profile else ()
        counter = self.series.counter(
            "model_feature_observations_total", "Values in a bin.", "feature", "bin"
        )
        self._bins = {
            feature.name: [
                counter.labels(*common, label(feature.name), label(text)) for text in feature.bins
            ]
            for feature in features
        }
        self._anomalies = self.series.counter(
            "model_feature_anomalies_total",
            "Missing, unseen and out-of-range values.",
            "feature",
            "kind",
        )
        self._defaults = self.series.counter(
            "model_feature_defaults_total",
            "Rows that left out an optional feature, which then had its default.",
            "feature",
        )
        self._embedded = {}
        if profile is not None and profile.embedding is not None:
            counter = self.series.counter(
                "model_embedding_rows_total", "Rows whose embedding was asked for.", "outcome"
            )
            self._embedded = {text: counter.labels(*common, text) for text in EMBEDDED}
        self._excluded = profile.drift_excluded if profile else {}
        kinds = named_features(profile)
        self._named = frozenset(kinds)
        for name, its in (*kinds.items(), (OTHER, ANOMALIES)):
            for kind in its:
                self._anomalies.labels(*common, label(name), kind)
        for name in {label(n) if n in self._named else OTHER for n in optional}:
            self._defaults.labels(*common, name)

    def _predicted_label(self, prediction: Any) -> str:
        if prediction is None:
            return NULL
        if self.classes is None:
            return ANSWER if self.outputs else NUMBER
        text = label(prediction)
        return text if text in self._predicted else OTHER
