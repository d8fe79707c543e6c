"""promtool runs the generated test cases."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rule_models import MODELS, groups, needs_promtool, promtool, with_what_is_read

from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import RuleCase, unit_tests
from packager.deploy.prometheus.rules import (
    rules_document,
)


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_alert_fires_and_stays_silent_as_its_unit_tests_say(
    name: str, tmp_path: Path
) -> None:
    model = MODELS[name]
    # What all models have in common is shown by the first.
    own = {
        "regression": ("Requests", "FeatureDrift", "Slice"),
        "outputs": ("FeatureDrift", "Output"),
    }.get(name, ("TargetDown",))
    chosen = () if name == "classification" else own
    cases = [case for case in rule_cases(model) if not chosen or case.name.startswith(chosen)]
    document = rules_document(groups(model))
    by_alerts: dict[frozenset[str], list[RuleCase]] = {}
    for case in cases:
        by_alerts.setdefault(frozenset(one.alert for one in case.expected), []).append(case)
    for alerts, some in by_alerts.items():
        read = with_what_is_read(document, alerts)
        done = promtool(tmp_path, read, unit_tests(model, some, "rules.yml"))
        assert done.returncode == 0, done.stdout + done.stderr
    whole = promtool(tmp_path, document, unit_tests(model, cases[:1], "rules.yml"))
    assert whole.returncode == 0, whole.stdout + whole.stderr
    found = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
