"""Every alert has cases that fire and cases that don't, and they detect a broken alert."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rule_models import MODELS, NAMES, needs_promtool, promtool

from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import unit_tests


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("alert", [*NAMES, "OutputRegression"])
@pytest.mark.parametrize("broken", ["silent", "always on"])
@pytest.mark.sample(10)
def test_a_broken_alert_fails_its_unit_tests(alert: str, broken: str, tmp_path: Path) -> None:
    model = MODELS["outputs" if alert == "OutputRegression" else "classification"]
    group = alert_group(model).document()
    expression = "vector(1) > 2" if broken == "silent" else "vector(1)"
    rules = [{**one, "expr": expression} for one in group["rules"] if one["alert"] == alert]
    cases = [case for case in rule_cases(model) if case.name.startswith(alert)]
    case = next(case for case in cases if bool(case.expected[0].firing) is (broken == "silent"))
    assert case.expected[0].alert == alert
    # Without the other rules, on which this expression does not depend: they take most of the time.
    only = replace(case, expected=case.expected[:1])
    document = {"groups": [{**group, "rules": rules}]}
    done = promtool(tmp_path, document, unit_tests(model, [only], "rules.yml"))
    assert done.returncode == 1, done.stdout
    assert rf'expr: "ALERTS{{alertname=\"{alert}\"' in done.stderr


def test_every_alert_has_cases_that_fire_and_cases_that_do_not() -> None:
    for model in (MODELS["classification"], MODELS["regression"], MODELS["outputs"]):
        firing, silent = set(), set()
        for case in rule_cases(model):
            for expected in case.expected:
                (firing if expected.firing else silent).add(expected.alert)
        alerts = {rule["alert"] for rule in alert_group(model).document()["rules"]}
        coverage = {"LabelCoverageLow"} if model.objectives.label_coverage == 0 else set()
        assert firing == alerts - coverage
        assert silent == alerts
