"""The cases of ``rule_tests.py``: exported series, and the alerts that must fire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitoring.slices.slices import ALL
from packager.deploy.prometheus import recording
from packager.deploy.prometheus.alerts import BURNS
from packager.deploy.prometheus.member_cases import member_cases
from packager.deploy.prometheus.output_cases import output_cases
from packager.deploy.prometheus.presence_cases import presence_cases
from packager.deploy.prometheus.resolve_cases import lasting_cases
from packager.deploy.prometheus.rule_tests import RuleCase, TestCaseBuilder, TestSeries
from packager.deploy.prometheus.rules import MonitoredModel
from packager.deploy.prometheus.shadow_cases import shadow_cases

REFERENCE = {"b0": 5_000, "b1": 3_000, "b2": 2_000}
STEADY = {"b0": 5, "b1": 3, "b2": 2}
DRIFTED = {"b0": 1, "b1": 2, "b2": 7}


def rule_cases(model: MonitoredModel) -> list[RuleCase]:
    """Cases of every alert of ``model``: firing, not firing, and their duration."""
    builder = _RuleFixtures(model)
    objectives = model.objectives
    cases = [
        *builder.burns("RequestsSlow", 1 - objectives.latency_share),
        *builder.burns("RequestsFailed", 1 - objectives.success_share),
        *(builder.drifts(model.features[0]) if model.features else []),
        *(builder.anomalies(model.features[0]) if model.features else []),
        *_scores(builder),
        *(builder.estimates() if model.classified else []),
        *builder.coverage(objectives.label_coverage),
        *builder.rejections(),
        *builder.mismatches(),
        *builder.crash_loops(),
        *member_cases(builder),
        *shadow_cases(builder),
    ]
    return [*cases, *lasting_cases(cases, model.name), *presence_cases(builder)]


def _scores(builder: _RuleFixtures) -> list[RuleCase]:
    if builder.model.task == "outputs":
        return output_cases(builder, builder.model)
    return builder.accuracy() if builder.model.classified else builder.errors()


class _RuleFixtures(TestCaseBuilder):
    """Builds the cases of the alerts about a version."""

    def burns(self, alert: str, budget: float) -> list[RuleCase]:
        """Each burn rate at 1.2 times its limit, a rate below all limits, and an ended burn."""
        page, ticket = {"severity": "page"}, {"severity": "ticket"}
        cases = []
        for severity, rate, long, short in BURNS:
            if 1.2 * rate * budget < 1:
                firing = (page, ticket) if severity == "page" else (ticket,)
                name = f"fires where {rate:g} times the budget goes in {long} and {short}"
                requests = self.requests(alert, (70, 1.2 * rate * budget))
                cases.append(self.case(name, alert, 70, requests, *firing))
        refused = self.request("0+5000x70", code="4xx")
        within = [*self.requests(alert, (70, 0.8 * budget)), refused]
        cases.append(self.case("errors of clients do not burn the budget", alert, 70, within))
        over = self.requests(alert, (60, min(1.0, 20 * budget)), (45, 0))
        cases.append(self.case("no page once it is over", alert, 105, over, ticket))
        few = self.requests(alert, (60, 0), (5, 0.5), rate=2)
        cases.append(self.case("five bad requests are no rate", alert, 65, few))
        return cases

    def requests(
        self, alert: str, *parts: tuple[int, float], rate: int = 10_000
    ) -> list[TestSeries]:
        """``parts``: minutes, and the share of ``rate`` requests per minute that are bad."""
        bad = _counter((minutes, rate * share) for minutes, share in parts)
        good = _counter((minutes, rate * (1 - share)) for minutes, share in parts)
        if alert == "RequestsFailed":
            return [self.request(bad, code="5xx"), self.request(good, code="2xx")]
        where = {"route": "/predict", "code": "2xx"}
        where["le"] = repr(float(self.model.objectives.latency_seconds))
        name = "model_request_duration_seconds_bucket"
        # One replica answers all requests fast, the other one answers all requests slowly.
        return [
            self.request(good, code="2xx"),
            self.series(name, good, **where),
            self.request(bad, "b", code="2xx"),
            self.series(name, "0x105", "b", **where),
        ]

    def request(self, values: str, instance: str = "a", **labels: str) -> TestSeries:
        name = "model_request_duration_seconds_count"
        return self.series(name, values, instance, route="/predict", **labels)

    def drifts(self, feature: str) -> list[RuleCase]:
        alert = "FeatureDrift"
        firing = {"feature": feature, "severity": "ticket"}
        scale = 3 * self.dependent
        over = [
            self.bin(feature, name, _counter([(80, rate * scale), (65, now * scale)]))
            for (name, rate), now in zip(DRIFTED.items(), STEADY.values(), strict=True)
        ]
        # Skewed routing: each replica drifts, their sum does not.
        skewed = [
            *self.observed(feature, {"b0": 5, "b1": 0, "b2": 0}, scale, 60),
            *self.observed(feature, {"b0": 0, "b1": 3, "b2": 2}, scale, 60, "b"),
        ]
        ended = [*self.reference(feature), *over]
        name = "not for skewed routing that adds up to the reference"
        return [
            self.case("fires", alert, 60, self.observed(feature, DRIFTED, scale, 60), firing),
            self.case(name, alert, 60, skewed),
            self.case("ends when the last hour is normal", alert, 145, ended),
            self.case("not on 400 rows", alert, 60, self.observed(feature, DRIFTED, scale, 12)),
        ]

    def observed(
        self, feature: str, rates: Mapping[str, int], scale: int, minutes: int, instance: str = "a"
    ) -> list[TestSeries]:
        """Rows per minute in each bin, and the reference."""
        return [
            *self.reference(feature, instance),
            *(
                self.bin(feature, name, f"0+{rate * scale}x{minutes}", instance)
                for name, rate in rates.items()
            ),
        ]

    def bin(self, feature: str, name: str, values: str, instance: str = "a") -> TestSeries:
        counter = "model_feature_observations_total"
        return self.series(counter, values, instance, feature=feature, bin=name)

    def reference(self, feature: str, instance: str = "a") -> list[TestSeries]:
        return [
            self.series(
                "model_feature_reference_rows", f"{rows}x145", instance, feature=feature, bin=name
            )
            for name, rows in REFERENCE.items()
        ]

    def anomalies(self, feature: str) -> list[RuleCase]:
        alert = "AnomalyRate"
        labels = {"feature": feature, "kind": "missing"}
        odd = [
            *self.reference(feature),
            self.series("model_slice_predictions_total", "0+10x60", slice=ALL),
            self.series("model_feature_anomalies_total", "0+1x60", **labels),
            self.series("model_feature_anomalies_total", "0x60", feature=feature, kind="unseen"),
        ]
        known = self.series("model_feature_reference_anomalies_ratio", "0.1x60", **labels)
        return [
            self.case("fires", alert, 50, odd, {**labels, "severity": "ticket"}),
            self.case("not where training rows had as many", alert, 50, [*odd, known]),
        ]

    def accuracy(self) -> list[RuleCase]:
        alert = "SliceRegression"
        firing, n = {"slice": self.slice, "severity": "ticket"}, self.dependent
        effect = self.series("model_label_design_effect", f"{4 * n}x60")
        return [
            self.case("fires", alert, 60, self.labels(f"0+{2 * n}x60", f"0+{n}x60"), firing),
            self.case(
                "not at the baseline", alert, 60, self.labels(f"0+{17 * n}x60", f"0+{3 * n}x60")
            ),
            self.case(
                "not where the package's rows depend",
                alert,
                60,
                [*self.labels(f"0+{2 * n}x60", f"0+{n}x60")[:-1], effect],
            ),
            self.case("not on 45 labels", alert, 60, self.labels("0+2x15 30x45", "0+1x15 15x45")),
        ]

    def labels(self, right: str, wrong: str, part: str | None = None) -> list[TestSeries]:
        name, where = "model_feedback_total", {"slice": part or self.slice}
        return [
            self.series(
                name, right, outcome="correct" if self.model.classified else "scored", **where
            ),
            self.series(name, wrong, outcome="incorrect", **where),
            self.series("model_slice_baseline_accuracy_ratio", "0.85x180", **where),
            self.series("model_slice_baseline_effective_rows", "800x180", **where),
            self.series("model_label_design_effect", "1x180"),
        ]

    def errors(self) -> list[RuleCase]:
        """Absolute errors of 1 and 3 alternately, with a mean of 2."""
        alert, where, n = "SliceRegression", {"slice": self.slice}, self.dependent

        def scored(baseline: float, variance: float = 1, effect: float = 1) -> list[TestSeries]:
            return [
                self.series("model_feedback_total", f"0+{4 * n}x60", outcome="scored", **where),
                self.series("model_feedback_absolute_error_total", f"0+{8 * n}x60", **where),
                self.series("model_feedback_squared_error_total", f"0+{20 * n}x60", **where),
                self.series("model_slice_baseline_mae", f"{baseline}x60", **where),
                self.series("model_slice_baseline_error_variance", f"{variance}x60", **where),
                self.series("model_slice_baseline_effective_rows", "800x60", **where),
                self.series("model_label_design_effect", f"{effect}x60"),
            ]

        firing = {**where, "severity": "ticket"}
        return [
            self.case("fires", alert, 60, scored(1.6), firing),
            self.case("not at the baseline", alert, 60, scored(2.0)),
            # z is at most 2.8: the packaged mean of 800 rows is uncertain by itself.
            self.case("not where the baseline is uncertain", alert, 60, scored(1.6, 16)),
            self.case("not where the package's rows depend", alert, 60, scored(1.6, 1, 6 * n)),
        ]

    def estimates(self) -> list[RuleCase]:
        alert = "EstimatedAccuracyDrop"
        firing = {"slice": self.slice, "severity": "info"}
        n = self.dependent
        less = self.estimated(f"0+{7 * n}x120")
        cases = [
            self.case("fires", alert, 120, less, firing),
            self.case("not near the baseline", alert, 120, self.estimated(f"0+{8.4 * n:g}x120")),
        ]
        if self.model.features:
            odd = self.anomalies(self.model.features[0])[0].series
            longer = [TestSeries(s.name, s.labels, s.values.replace("x60", "x120")) for s in odd]
            cases.append(self.case("not during anomalies", alert, 120, [*less, *longer]))
        return cases

    def estimated(self, correct: str) -> list[TestSeries]:
        return [
            *self.labels("0x120", "0x120")[2:],
            self.series("model_estimated_correct_total", correct, slice=self.slice),
            self.series(
                "model_estimated_rows_total", f"0+{10 * self.dependent}x120", slice=self.slice
            ),
        ]

    def coverage(self, share: float) -> list[RuleCase]:
        alert = "LabelCoverageLow"
        predictions = self.series("model_slice_predictions_total", "0+100x90", slice=ALL)

        def labels(rate: float) -> list[TestSeries]:
            values = f"0+{rate:.6f}x90"
            counted = self.series("model_feedback_total", values, slice=ALL, outcome="correct")
            return [predictions, counted]

        firing = {"slice": ALL, "severity": "ticket"}
        cases = [
            self.case("not where enough come", alert, 90, labels(100 * share * 1.5)),
            self.case("not where none ever came", alert, 90, labels(0)),
        ]
        if share > 0:
            cases.append(self.case("fires", alert, 90, labels(100 * share / 5), firing))
        return cases

    def rejections(self) -> list[RuleCase]:
        alert, name = "LabelsRejected", "model_feedback_rejected_total"

        def sent(reason: str, counted: float) -> list[TestSeries]:
            return [
                self.series(name, "0+1x60", reason=reason),
                self.labels(f"0+{counted}x60", "0x60", ALL)[0],
            ]

        return [
            self.case("fires", alert, 60, sent("expired", 10), {"severity": "ticket"}),
            self.case("not for one in thirty", alert, 60, sent("expired", 30)),
            self.case("not where labels are sent again", alert, 60, sent("duplicate", 10)),
        ]

    def mismatches(self) -> list[RuleCase]:
        alert = "CompiledMismatch"

        def compared(values: str, outcome: str = "mismatch") -> list[TestSeries]:
            return [self.series(recording.COMPARISONS, values, outcome=outcome)]

        return [
            self.case("fires on one", alert, 20, compared("0x10 1x20"), {"severity": "ticket"}),
            self.case("not on none", alert, 20, compared("0x30")),
            self.case("not on matches", alert, 20, compared("0x10 1x20", "match")),
        ]

    def crash_loops(self) -> list[RuleCase]:
        alert, firing = "CrashLoop", {"severity": "ticket"}

        def ended(models: str, workers: str) -> list[TestSeries]:
            kinds = ("process", models, "signal"), ("worker", workers, "exit")
            return [self.series(f"model_{k}_restarts_total", n, reason=why) for k, n, why in kinds]

        return [
            self.case("fires for the model's process", alert, 30, ended("0+1x30", "0x30"), firing),
            self.case("fires for workers", alert, 30, ended("0x30", "0+1x30"), firing),
            self.case("not for two", alert, 30, ended("0x20 2x10", "0x30")),
            self.case("not once it is over", alert, 60, ended("0+1x30 31x30", "0x60")),
        ]


def _counter(parts: Iterable[tuple[int, float]]) -> str:
    """A counter with (minutes, increase per minute) in each part, in promtool's notation."""
    texts, now = [], 0.0
    for minutes, step in parts:
        texts.append(f"{now:.3f}+{step:.3f}x{minutes}")
        now += step * (minutes + 1)  # the next part begins a minute later
    return " ".join(texts)
