from __future__ import annotations

from typing import Any

from host_samples import MANIFEST

from packager.model.integrity import IntegrityCheck
from packager.report.solution_replay import as_page, as_text
from packager.run.solution_replay import MemberReplay, SolutionReport
from packager.worker.replay.flow import FlowReplay
from packager.worker.replay.report import MetricCheck, ReplayReport

GOOD = IntegrityCheck(name="code", expected="1", actual="1", ok=True)
METRIC = MetricCheck(recorded=0.5, now=0.5, accepted=0.0, ok=True)


def member(**changed: Any) -> MemberReplay:
    report = ReplayReport(
        level="state",
        required_level="none",
        passed=True,
        checks=(GOOD,),
        metrics={"mae": METRIC},
        environment_recorded=MANIFEST.environment,
        isolation={"where": "container"},
    )
    return MemberReplay(
        **{"package": "p", "version": "1", "root": "0", "report": report, **changed}
    )


def report(**changed: Any) -> SolutionReport:
    usual: dict[str, Any] = {
        "level": "state",
        "weakest": "text",
        "passed": True,
        "members": {"text": member()},
        "flow": FlowReplay(golden_rows=8, metrics={"mae": METRIC}, checks=(GOOD,), passed=True),
        "checks": (GOOD,),
        "verified_by": {"base": "checked here"},
    }
    return SolutionReport(**{**usual, **changed})


def test_the_text_has_each_member_then_the_whole() -> None:
    lines = as_text(report()).splitlines()
    assert lines[0] == "member text: p 1"
    assert "    mae: 0.5 recorded, 0.5 now" in lines
    assert "  equivalence level: state (claimed: none)" in lines
    assert "the whole, end to end: 8 of 8 golden answers equal" in lines
    assert lines[-2:] == ["equivalence level: state (weakest member: text)", "replay: passed"]
    assert lines.count("checked by: this installation") == 1


def test_a_failure_names_member_whole_and_check() -> None:
    bad = GOOD.model_copy(update={"name": "member text: files", "actual": "2", "ok": False})
    flow = FlowReplay(
        golden_rows=8,
        golden_differing=("row 3: expected 1, got <2>",),
        metrics={"mae": METRIC.model_copy(update={"now": 0.75, "ok": False})},
        checks=(bad,),
        passed=False,
    )
    failed = report(
        passed=False,
        flow=flow,
        members={"text": member(report=None, why="its package has no recipe")},
        checks=(bad,),
    )
    text = as_text(failed)
    assert "7 of 8 golden answers equal\n  row 3: expected 1, got <2>" in text
    assert "mae: 0.5000 recorded, 0.7500 now  (differs)" in text
    assert "its package has no recipe" in text
    assert text.splitlines()[-1] == (
        "replay: failed: member text, the whole, end to end, member text: files"
    )
    page = as_page(failed, MANIFEST)
    assert "row 3: expected 1, got &lt;2&gt;" in page
    assert "its package has no recipe" in page


def test_the_page_has_a_table_for_each_member() -> None:
    page = as_page(report(), MANIFEST)
    assert "Member text" in page
    assert "The whole, end to end" in page
    assert MANIFEST.root in page
