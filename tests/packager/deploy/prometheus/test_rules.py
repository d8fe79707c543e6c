"""Rules as promtool reads them, and unit tests that can fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitoring.metrics import serving
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import unit_tests
from packager.deploy.prometheus.rules import (
    LATENCY_BUCKETS,
    Group,
    MonitoredModel,
    Objectives,
    rules_document,
)

ODD = 'a "quoted" \\ name\nof two lines'
MODELS = {
    "classification": MonitoredModel(
        "diamonds-cut",
        "1.0.0-3f9c12ab45de",
        "classification",
        ("__all__", "color=E", ODD),
        (ODD, "carat"),
    ),
    "regression": MonitoredModel(
        "prices",
        "1.0.0-3f9c12ab45de",
        "regression",
        ("__all__",),
        ("carat",),
        objectives=Objectives(0.5, 0.9, 0.99, 2.5, 0.0),
    ),
    "a model without data": MonitoredModel("bare", "1-0", "classification", ("__all__",), ()),
}
NAMES = (
    "RequestsSlow",
    "RequestsFailed",
    "FeatureDrift",
    "AnomalyRate",
    "SliceRegression",
    "EstimatedAccuracyDrop",
    "LabelCoverageLow",
    "LabelsRejected",
    "CompiledMismatch",
    "NoRequests",
    "VersionSkew",
    "TargetDown",
)
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")


def groups(model: MonitoredModel) -> list[Group]:
    return [*recording_groups(model), alert_group(model)]


def promtool(folder: Path, rules: Any, tests: Any) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yml").write_text(json.dumps(rules))
    (folder / "tests.yml").write_text(json.dumps(tests))
    return subprocess.run(
        ["promtool", "test", "rules", "tests.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_alert_fires_and_stays_silent_as_its_unit_tests_say(
    name: str, tmp_path: Path
) -> None:
    model = MODELS[name]
    # What all models have in common is shown by the first.
    own = ("Requests", "FeatureDrift", "Slice") if name == "regression" else ("TargetDown",)
    chosen = () if name == "classification" else own
    cases = [case for case in rule_cases(model) if not chosen or case.name.startswith(chosen)]
    tests = unit_tests(model, cases, "rules.yml")
    done = promtool(tmp_path, rules_document(groups(model)), tests)
    assert done.returncode == 0, done.stdout + done.stderr
    found = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("alert", NAMES)
@pytest.mark.parametrize("broken", ["silent", "always on"])
def test_a_broken_alert_fails_its_unit_tests(alert: str, broken: str, tmp_path: Path) -> None:
    model = MODELS["classification"]
    document = rules_document(groups(model))
    for group in document["groups"]:
        for rule in group["rules"]:
            if rule.get("alert") == alert:
                rule["expr"] = "vector(1) > 2" if broken == "silent" else "vector(1)"
    cases = [case for case in rule_cases(model) if case.name.startswith(alert)]
    case = next(case for case in cases if bool(case.expected[0].firing) is (broken == "silent"))
    done = promtool(tmp_path, document, unit_tests(model, [case], "rules.yml"))
    assert done.returncode == 1, done.stdout


def test_every_alert_has_cases_that_fire_and_cases_that_do_not() -> None:
    for model in (MODELS["classification"], MODELS["regression"]):
        firing, silent = set(), set()
        for case in rule_cases(model):
            for expected in case.expected:
                (firing if expected.firing else silent).add(expected.alert)
        alerts = {rule["alert"] for rule in alert_group(model).document()["rules"]}
        coverage = {"LabelCoverageLow"} if model.objectives.label_coverage == 0 else set()
        assert firing == alerts - coverage
        assert silent == alerts


def test_alerts_carry_what_a_person_needs() -> None:
    rules = alert_group(MODELS["classification"]).document()["rules"]
    assert sorted({rule["alert"] for rule in rules}) == sorted(NAMES)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket", "info")
        assert rule["labels"]["priority"] in "1234"
        assert len(rule["annotations"]["action"]) > 40
        assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"
    text = (Path(__file__).parents[4] / "docs" / "alerts.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"\n### {name}\n" in text


def test_estimates_never_page() -> None:
    rules = alert_group(MODELS["classification"]).document()["rules"]
    found = [rule for rule in rules if rule["alert"] == "EstimatedAccuracyDrop"]
    assert [rule["labels"]["severity"] for rule in found] == ["info"]


def test_rules_of_two_models_write_no_series_of_each_other() -> None:
    """Every selector that makes a recorded series names the model."""
    for group in recording_groups(MODELS["classification"]):
        for rule in group.document()["rules"]:
            assert 'model="diamonds-cut"' in rule["expr"], rule["record"]


def test_latency_objectives_are_bounds_of_the_histogram() -> None:
    assert LATENCY_BUCKETS == serving.LATENCY_BUCKETS
    with pytest.raises(ValueError, match=r"latency_seconds: expected one of \(0.0005"):
        Objectives(latency_seconds=0.3)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("latency_share", 1.0, "latency_share: expected a share between 0 and 1, got 1.0"),
        ("success_share", 0.0, "success_share: expected a share between 0 and 1, got 0.0"),
        ("design_effect", 0.5, "design_effect: expected a number of at least 1, got 0.5"),
        ("label_coverage", 1.0, "label_coverage: expected a share of at least 0, below 1"),
    ],
)
def test_objectives_that_mean_nothing_are_refused(field: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Objectives(), **{field: value})
