"""A solution is replayed member by member, and then as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import NO_ENGINE, Package, package
from host_samples import MANIFEST
from solution_layers import source
from solution_projects import MOOD, write_solution_projects

from packager.errors import UsageError
from packager.model.integrity import IntegrityCheck
from packager.progress import NullProgress
from packager.run.solution_replay import (
    MemberReplay,
    SolutionReplay,
    SolutionReport,
    _check_options,
    _report,
)
from packager.trust.examine import Examination
from packager.worker.job import ReplayRequest
from packager.worker.replay.flow import FlowReplay
from packager.worker.replay.report import ReplayReport

NAMES = ("length", "mood")
EXAMINED: Any = Examination(None, (), None, None, (), {}, False)  # type: ignore[arg-type]
GOOD = IntegrityCheck(name="code", expected="1", actual="1", ok=True)
BAD = GOOD.model_copy(update={"actual": "2", "ok": False})


def asked(**changed: Any) -> SolutionReplay:
    usual = {"engine": None, "progress": NullProgress(), "request": ReplayRequest(), **changed}
    return SolutionReplay(**usual)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (asked(members=["text"]), "--member: expected one of length, mood, got 'text'"),
        (asked(request=ReplayRequest(perturb="seed")), "--perturb: expected the member whose"),
        (asked(members=NAMES, data=Path("x")), "--data: expected one --member, whose data"),
        (asked(data=Path("x")), "--data: the package holds its own data"),
    ],
)
def test_options_that_do_not_fit_are_refused(how: SolutionReplay, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        _check_options(NAMES, source(), how)
    assert refused.value.message.startswith(said)
    assert refused.value.hint


def test_a_solution_without_its_data_needs_it() -> None:
    pointer = source().model_copy(update={"embed": "none"})
    with pytest.raises(UsageError, match="this solution holds a pointer to its data"):
        _check_options(NAMES, pointer, asked())
    _check_options(NAMES, pointer, asked(data=Path("x")))
    _check_options(NAMES, pointer, asked(members=["mood"]))


def member(level: str | None, *, passed: bool = True) -> MemberReplay:
    report = level and ReplayReport(
        level=level,
        required_level="none",
        passed=passed,
        checks=(),
        environment_recorded=MANIFEST.environment,
    )
    why = "" if level else "no recipe"
    return MemberReplay(package="p", version="1", root="0", report=report or None, why=why)


def judged(*levels: str | None, flow: bool | None = True, check: Any = GOOD) -> SolutionReport:
    members = dict(zip(NAMES, map(member, levels), strict=False))
    whole = None if flow is None else FlowReplay(golden_rows=8, checks=(), passed=flow)
    return _report(members, whole, [check], EXAMINED)


def test_the_level_is_that_of_the_weakest_member() -> None:
    found = judged("artifact", "predictions")
    assert (found.level, found.weakest, found.passed) == ("predictions", "mood", True)
    assert judged("state", "artifact").weakest == "length"


@pytest.mark.parametrize(
    "found",
    [
        judged("artifact", "artifact", flow=False),
        judged("artifact", "artifact", flow=None),
        judged("artifact", "artifact", check=BAD),
        judged("artifact", None),
        judged(),
        _report({"mood": member("state", passed=False)}, None, [GOOD], EXAMINED, whole=False),
    ],
)
def test_what_was_not_compared_or_differs_does_not_pass(found: SolutionReport) -> None:
    assert not found.passed


def test_single_members_pass_without_the_whole() -> None:
    found = _report({"mood": member("state")}, None, [GOOD], EXAMINED, whole=False)
    assert (found.level, found.passed) == ("state", True)


@pytest.mark.long
@pytest.mark.slow
def test_a_solution_repeats_from_its_companion_alone(
    local_solution: Package, tmp_path: Path
) -> None:
    files = ("--json-file", tmp_path / "r.json", "--html", tmp_path / "r.html")
    command = ("replay", local_solution.reference, "--local", *files)
    done = package(*command, env=NO_ENGINE)
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "r.json").read_text())
    assert {name: one["report"]["level"] for name, one in report["members"].items()} == {
        "length": "artifact",
        "mood": "artifact",
    }
    assert report["level"] == "artifact"
    assert (report["flow"]["golden_rows"], report["flow"]["golden_differing"]) == (8, [])
    assert "the whole, end to end: 8 of 8 golden answers equal" in done.out
    assert "Member mood" in (tmp_path / "r.html").read_text()


@pytest.mark.slow
def test_one_member_is_replayed_with_a_negative_control(
    local_solution: Package, tmp_path: Path
) -> None:
    files = ("--json-file", tmp_path / "r.json", "--perturb", "row", "--member", "length")
    done = package("replay", local_solution.reference, "--local", *files, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert list(json.loads((tmp_path / "r.json").read_text())["members"]) == ["length"]
    assert "change detected" in done.out


@pytest.mark.long
@pytest.mark.slow
def test_a_member_with_a_pointer_to_its_data_is_replayed_with_the_data(tmp_path: Path) -> None:
    solution = write_solution_projects(tmp_path / "projects")
    place, image = solution.parent / MOOD, tmp_path / "image"
    toml = (place / "package.toml").read_text().replace("[recipe]", 'embed = "none"\n[recipe]')
    (place / "package.toml").write_text(toml)
    done = package("build", solution, "--output", f"oci:{image}", env=NO_ENGINE)
    assert done.code == 0, done.err
    command = ("replay", image, "--local", "--json-file", tmp_path / "r.json")
    done = package(*command, env=NO_ENGINE)
    assert done.code == 1
    why = "the solution holds no data of it: replay it with --member mood --data FILE"
    assert why in done.out
    members = json.loads((tmp_path / "r.json").read_text())["members"]
    assert members["length"]["report"]["level"] == "artifact"
    given = ("--member", MOOD, "--data", place / "data" / "rows.csv")
    done = package(*command, *given, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "r.json").read_text())["level"] == "artifact"
    other = ("--member", MOOD, "--data", solution / "data" / "rows.csv")
    done = package(*command, *other, env=NO_ENGINE)
    assert done.code == 2
    assert "name the data that member mood was built from" in done.err
