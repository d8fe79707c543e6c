"""Rules on another time scale come to the same verdicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rule_models import MODELS, groups, needs_promtool, promtool

from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import unit_tests
from packager.deploy.prometheus.rules import AlertOptions, rules_document
from packager.deploy.prometheus.time_scale import (
    duration,
    scaled_groups,
    scaled_query,
    scaled_tests,
)

TRIED = ("RequestsFailed", "FeatureDrift", "SliceRegression", "CrashLoop", "TargetDown")


@needs_promtool
@pytest.mark.slow
def test_the_same_cases_fire_in_less_time(tmp_path: Path) -> None:
    """A case of some alerts that fires and one that does not; every case was tried once."""
    scale = 60
    model = replace(MODELS["classification"], options=AlertOptions(time_scale=scale))
    chosen = {}
    for case in rule_cases(model):
        for expected in case.expected if case.name.startswith(TRIED) else ():
            chosen.setdefault((expected.alert, bool(expected.firing)), case)
    cases = list({case.name: case for case in chosen.values()}.values())
    rules = rules_document(scaled_groups(groups(model), scale))
    tests = unit_tests(model, cases, "rules.yml")
    done = promtool(tmp_path, rules, tests)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tests["tests"][0]["interval"] == f"{60 // scale}s"
    # Rules of hours don't fire within minutes.
    unscaled = promtool(tmp_path, rules_document(groups(model)), tests)
    assert unscaled.returncode == 1


def test_windows_are_divided_and_names_are_not() -> None:
    text = "a:ratio1h / sum(increase(b{c='[x]'}[6h])) + increase(b[7d] offset 1d) > 3600"
    assert scaled_query(text, 60) == (
        "a:ratio1h / sum(increase(b{c='[x]'}[360s])) + increase(b[10080s] offset 1440s) > 3600"
    )
    assert scaled_query(text, 1) == text


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [("0m", 60, "0s"), ("2m", 60, "2s"), ("15s", 60, "1s"), ("1d", 12, "7200s"), ("30m", 1, "30m")],
)
def test_durations(text: str, scale: int, expected: str) -> None:
    assert duration(text, scale) == expected


def test_a_document_on_the_usual_scale_stays() -> None:
    document = {"tests": [{"interval": "1m"}]}
    assert scaled_tests(document, 1) is document
    assert AlertOptions(time_scale=30).time_scale == 30
    with pytest.raises(ValueError, match=r"time-scale: expected one of 1, 2, 3, .*60, got 7"):
        AlertOptions(time_scale=7)
