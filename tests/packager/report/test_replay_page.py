"""A replay's report as a page: nothing is fetched, no text of it is markup."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from host_samples import MANIFEST

from packager.model.integrity import Check
from packager.report.replay_page import MEANING, as_page
from packager.worker.replay.report import LADDER, MetricCheck, ModelComparison, ReplayReport


def page(**changes: Any) -> str:
    fields = {
        "rung": "state",
        "level": "artifact",
        "passed": True,
        "checks": (Check(name="code", expected="a", actual="a", ok=True),),
        "environment_recorded": MANIFEST.environment,
    }
    return as_page(ReplayReport.model_validate(fields | changes), MANIFEST)


@pytest.mark.parametrize(("passed", "kind"), [(True, "good"), (False, "bad")])
def test_the_verdict_stands_first(passed, kind):
    text = page(passed=passed)
    assert f'class="lead {kind}"' in text
    assert text.index("replay: ") < text.index("Equivalence level")


def test_every_level_has_its_meaning():
    assert set(MEANING) == set(LADDER[:-1])
    text = page()
    for level in LADDER[:-1]:
        assert html.escape(MEANING[level], quote=True) in text.replace("&#39;", "&#x27;")


def test_a_page_asks_nothing_of_anybody():
    text = page()
    assert "default-src 'none'" in text
    for word in ("http://", "https://", "<script", "src="):
        assert word not in text.replace("http://www.w3.org", "")


def test_text_of_a_package_is_never_markup():
    evil = "<img src=x onerror=alert(1)>"
    text = page(
        checks=(Check(name=evil, expected=evil, actual=evil, ok=False),),
        slips=(f"{evil}: {evil}",),
        likeness=ModelComparison(artifact=False, state=None, differing=(evil,)),
        vouched={evil: evil},
        environment_differences=(evil,),
    )
    assert "<img" not in text


def test_checks_that_failed_come_first_and_metrics_have_their_band():
    wrong = Check(name="zz", expected="a", actual="b", ok=False)
    right = Check(name="aa", expected="a", actual="a", ok=True)
    text = page(
        checks=(right, wrong),
        metrics={"accuracy": MetricCheck(recorded=0.8, now=0.79, accepted=0.02, ok=True)},
        intervals={"accuracy": (0.78, 0.82)},
    )
    assert text.index(">zz<") < text.index(">aa<")
    assert "0.7800 to 0.8200" in text


@pytest.mark.parametrize(
    ("rung", "states"),
    [
        ("artifact", ["reached", "implied", "implied", "implied", "implied"]),
        ("predictions", ["missed", "missed", "reached", "implied", "implied"]),
        ("none", ["missed"] * 5),
    ],
)
def test_levels_below_the_one_that_was_reached_are_implied(rung, states):
    text = page(rung=rung)
    assert re.findall(r'<li class="(\w+)">', text) == states
