"""Reports become evidence only of the package that they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_samples import MANIFEST

from packager.errors import PackageError, UsageError
from packager.manifest.base import FrozenModel
from packager.run.evidence import read_evidence
from packager.run.solution_replay import SolutionReport
from packager.worker.replay.report import damaged

REPLAY = damaged(MANIFEST, ()).model_copy(
    update={"root": MANIFEST.root, "checked_by": "this installation"}
)
SOLUTION = SolutionReport(
    root=MANIFEST.root, level="state", passed=True, members={}, checks=(), verified_by={}
)


def evidence(folder: Path, report: FrozenModel | str) -> Any:
    path = folder / "report.json"
    path.write_text(report if isinstance(report, str) else report.model_dump_json())
    (found,) = read_evidence([path], MANIFEST)
    return found


def test_a_replay_is_recognised(tmp_path: Path) -> None:
    found = evidence(tmp_path, REPLAY)
    assert (found.kind, found.result) == ("replay", "FAILED")


def test_of_a_solution_only_a_replay_of_the_whole_counts(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="one of single members, not of the whole") as raised:
        evidence(tmp_path, SOLUTION)
    assert raised.value.hint == "replay the solution without --member"
    failed = SOLUTION.model_copy(update={"passed": False})
    assert evidence(tmp_path, failed).result == "FAILED"


@pytest.mark.parametrize("text", ["{}", "[]", "hello", "[" * 99_999, '{"root": 1}'])
def test_other_files_are_no_evidence(tmp_path: Path, text: str) -> None:
    with pytest.raises(PackageError, match=r"report\.json: expected a") as raised:
        evidence(tmp_path, text)
    assert raised.value.hint


def test_another_package_is_named(tmp_path: Path) -> None:
    other = REPLAY.model_copy(update={"root": "1" * 64})
    with pytest.raises(PackageError, match=f"the replay report is of the package root {'1' * 64}"):
        evidence(tmp_path, other)


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json: can't be read: No such file"):
        read_evidence([tmp_path / "none.json"], MANIFEST)
