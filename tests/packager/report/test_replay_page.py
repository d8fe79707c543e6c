"""The page of a replay: levels, metrics, checks."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from packager.manifest.evaluation import NumericalEnvironment
from packager.model.integrity import IntegrityCheck
from packager.report.replay_page import as_page
from packager.worker.replay.report import LEVELS, MetricCheck, ModelComparison, ReplayReport

HOSTILE = "<script>alert(1)</script>"
ENVIRONMENT = NumericalEnvironment(
    python="3.11.7", machine="x86_64", cpu="one", cpu_features=("AVX2", "FMA"), blas=(),
    threads=2, isolation="process",
)  # fmt: skip
MANIFEST: Any = SimpleNamespace(name="starter", tag="1-abc", root="f" * 64, environment=ENVIRONMENT)


def report(**fields: Any) -> ReplayReport:
    values: dict[str, Any] = {
        "level": "predictions", "required_level": "predictions", "level_at_build": "artifact",
        "passed": True,
        "checks": (IntegrityCheck(name="code", expected="1", actual="1", ok=True),),
        "environment_recorded": ENVIRONMENT, "environment_now": ENVIRONMENT,
        "comparison": ModelComparison(
            artifact=False, state=False, rows=1234, differing_rows=(1045,)
        ),
        "metrics": {
            "accuracy": MetricCheck(recorded=0.5, now=0.5, accepted=0.01, ok=True),
            "log_loss": MetricCheck(recorded=0.25, now=0.250001, accepted=None, ok=True),
        },
    }  # fmt: skip
    return ReplayReport(**(values | fields))


def levels(page: str) -> dict[str, tuple[str, str]]:
    """Level → (its class, its mark)."""
    found = re.findall(r'<li class="(\w+)"><i>.</i><b>(\w+)</b><span>[^<]*</span><em>([^<]*)', page)
    return {level: (state, mark) for state, level, mark in found}


def test_levels_below_the_reached_one_are_marked_as_implied() -> None:
    assert levels(as_page(report(), MANIFEST)) == {
        "artifact": ("missed", "not reached, at build"),
        "state": ("missed", "not reached"),
        "predictions": ("reached", "reached, claimed"),
        "metrics": ("implied", "implied"),
        "statistical": ("implied", "implied"),
    }


@pytest.mark.parametrize("reached", LEVELS)
def test_exactly_the_weaker_levels_are_implied(reached: Any) -> None:
    found = levels(as_page(report(level=reached, passed=reached != "none"), MANIFEST))
    stronger = LEVELS.index(reached)
    expected = ["missed"] * stronger + ["reached"] + ["implied"] * len(LEVELS)
    assert [found[level][0] for level in LEVELS[:-1]] == expected[: len(LEVELS) - 1]


def test_a_difference_that_rounding_hides_has_a_column_of_its_own() -> None:
    page = as_page(report(), MANIFEST)
    row = re.search(r"<span>log_loss</span>.*?</tr>", page)
    assert row is not None
    cells = re.findall(r'<td class="(\w+)">([^<]*)</td>', row[0])
    assert cells == [
        *(("number", "0.2500"), ("number", "0.2500"), ("number", "+1.000e-06"), ("number", "")),
        ("word", "accepted"),
    ]
    assert "interval of seeds" not in page  # there is none, so there is no such column
    assert "± 0.01<" in page


def test_equal_values_are_not_written_twice() -> None:
    page = as_page(report(), MANIFEST)
    assert "recorded and now" in page
    assert ">got<" not in page
    other = ENVIRONMENT.model_copy(update={"cpu": HOSTILE})
    wrong = IntegrityCheck(name=HOSTILE, expected=HOSTILE, actual="", ok=False)
    page = as_page(report(environment_now=other, checks=(wrong,), passed=False), MANIFEST)
    assert "now, if it differs" in page
    assert '<td class="word">nothing</td>' in page
    assert "<script" not in page
    assert "AVX2, FMA" in page
