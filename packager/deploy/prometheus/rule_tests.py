"""Unit tests of one model's rules for ``promtool test rules``: each alert firing and not firing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.promql import quoted
from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rules import Alert, Group, MonitoredModel
from packager.deploy.prometheus.time_scale import scaled_tests


@dataclass(frozen=True)
class TestSeries:
    """One input series, with a value per minute in promtool's notation (``0+10x60``)."""

    name: str
    labels: Mapping[str, str]
    values: str

    def document(self) -> dict[str, str]:
        """The series as promtool reads it."""
        return {"series": series_text(self.name, self.labels), "values": self.values}


def series_text(name: str, labels: Mapping[str, str]) -> str:
    """A series in the notation of PromQL."""
    listed = ", ".join(f"{label}={quoted(value)}" for label, value in labels.items())
    return f"{name}{{{listed}}}"


@dataclass(frozen=True)
class Expectation:
    """The labels, including severity, of each alert of one name that fires at a minute."""

    minute: int
    alert: str
    firing: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class RuleCase:
    """Exported series, and the expected alerts."""

    name: str
    series: Sequence[TestSeries]
    expected: Sequence[Expectation]


class TestCaseBuilder:
    """Builds series and cases with the labels of one model."""

    def __init__(self, model: MonitoredModel) -> None:
        self.model = model
        self.common = {"model": model.name, "version": model.version}
        self.slice = model.slices[-1]
        self.dependent = math.ceil(model.objectives.design_effect)
        """Rows that say at least as much as one independent row."""

    def series(self, name: str, values: str, instance: str = "a", **labels: str) -> TestSeries:
        """An input series of one replica."""
        return TestSeries(name, {**self.common, **labels, "instance": instance}, values)

    def case(
        self,
        name: str,
        alert: str,
        minute: int,
        series: Sequence[TestSeries],
        *firing: dict[str, str],
    ) -> RuleCase:
        """A case of one alert at one minute; ``firing``: labels besides model and version."""
        expected = Expectation(minute, alert, [{**self.common, **labels} for labels in firing])
        return RuleCase(f"{alert}: {name}", [self.info(minute), *series], [expected])

    def info(self, minutes: int) -> TestSeries:
        """The series of a running replica of this version."""
        return self.series("model_package_info", f"1x{minutes}", digest="d")


def unit_tests(model: MonitoredModel, cases: Sequence[RuleCase], rule_file: str) -> dict[str, Any]:
    """The content of a test file for the rules in ``rule_file``, relative to it."""
    groups = [*recording_groups(model), alert_group(model)]
    scale = model.options.time_scale
    return scaled_tests(test_document(cases, groups, rule_file), scale)


def test_document(
    cases: Sequence[RuleCase], groups: Sequence[Group], rule_file: str
) -> dict[str, Any]:
    """A test file of ``cases`` for the rules of ``groups``."""
    alerts = [rule for group in groups for rule in group.rules if isinstance(rule, Alert)]
    by_name: dict[tuple[str, str], Alert] = {
        (alert.name, alert.severity): alert for alert in alerts
    }
    return {
        "rule_files": [rule_file],
        "evaluation_interval": "5m",
        # By default promtool evaluates groups in random order, so that an alert could use series
        # recorded five minutes earlier.
        "group_eval_order": [group.name for group in groups],
        "tests": [
            {
                "name": case.name,
                "interval": "1m",
                "input_series": [series.document() for series in case.series],
                # Labels alone: the annotations hold values, which are not part of a case.
                "promql_expr_test": [
                    {
                        "expr": firing_alerts(expectation.alert),
                        "eval_time": f"{expectation.minute}m",
                        "exp_samples": [
                            _firing(by_name[expectation.alert, labels["severity"]], labels)
                            for labels in expectation.firing
                        ],
                    }
                    for expectation in case.expected
                ],
            }
            for case in cases
        ],
    }


def firing_alerts(alert: str) -> str:
    """The firing alerts of one name, as a query."""
    return f'ALERTS{{alertname={quoted(alert)}, alertstate="firing"}}'


def _firing(alert: Alert, labels: Mapping[str, str]) -> dict[str, Any]:
    """The sample of a firing alert with ``labels`` and its own."""
    own = {"alertname": alert.name, "alertstate": "firing", "priority": str(alert.priority)}
    every = {**own, **labels, **dict(alert.labels)}
    return {"labels": series_text("ALERTS", every), "value": 1}
