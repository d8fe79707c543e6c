"""Unit tests of one model's rules for ``promtool test rules``: each alert firing and not firing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.promql import quoted
from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rules import Alert, MonitoredModel

LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


@dataclass(frozen=True)
class TestSeries:
    """One input series, with a value per minute in promtool's notation (``0+10x60``)."""

    name: str
    labels: Mapping[str, str]
    values: str

    def document(self) -> dict[str, str]:
        """The series as promtool reads it."""
        labels = ", ".join(f"{name}={quoted(value)}" for name, value in self.labels.items())
        return {"series": f"{self.name}{{{labels}}}", "values": self.values}


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
    group = alert_group(model)
    alerts = [rule for rule in group.rules if isinstance(rule, Alert)]
    by_name: dict[tuple[str, str], Alert] = {
        (alert.name, alert.severity): alert for alert in alerts
    }
    return {
        "rule_files": [rule_file],
        "evaluation_interval": "5m",
        # By default promtool evaluates groups in random order, so that an alert could use series
        # recorded five minutes earlier.
        "group_eval_order": [*(one.name for one in recording_groups(model)), group.name],
        "tests": [
            {
                "name": case.name,
                "interval": "1m",
                "input_series": [series.document() for series in case.series],
                "alert_rule_test": [
                    {
                        "eval_time": f"{expectation.minute}m",
                        "alertname": expectation.alert,
                        "exp_alerts": [
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


def _firing(alert: Alert, labels: Mapping[str, str]) -> dict[str, Any]:
    every = {**labels, "priority": str(alert.priority), **dict(alert.labels)}
    texts = {
        name: LABEL.sub(lambda found: every.get(found[1], ""), text)
        for name, text in alert.annotations.items()
    }
    return {"exp_labels": every, "exp_annotations": texts}
