"""What failing cases do to a build."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from packager.build import cases
from packager.build.cases import check_cases
from packager.errors import PackageError
from packager.manifest.case import Case
from packager.manifest.policy import Policy
from packager.worker.test.report import CasesReport, Check
from packager.worker.train.model_queries import BATCHES

ONE = Case(name="mine", kind="bounds", expect="between 0 and 1")


class Said:
    """Records what a build says."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def step(self, text: str) -> None:
        """Nothing."""


def check(verdict: Any, why: str = "why", **more: Any) -> Check:
    return Check(family="cases", name="mine", verdict=verdict, why=why, **more)


def context(folder: Path, policy: Policy, batches: Check | None = None) -> Any:
    (folder / "out").mkdir()
    if batches is not None:
        (folder / "out" / BATCHES).write_bytes(CasesReport(checks=(batches,)).dump())
    return SimpleNamespace(folder=folder, project=SimpleNamespace(test=policy), progress=Said())


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """The checks of declared cases, which no worker judges here."""
    found: list[Check] = []
    monkeypatch.setattr(cases, "_declared", lambda *_: CasesReport(checks=tuple(found)))
    return found


def test_a_case_that_fails_stops_the_build_unless_it_is_allowed(tmp_path, declared) -> None:
    declared += [check("failed", "case 'mine' holds on 1 of 2 rows"), check("passed")]
    made = context(tmp_path, Policy(case=(ONE,)))
    with pytest.raises(PackageError, match="case 'mine' holds on 1 of 2 rows") as stopped:
        check_cases(made, None, allow=False)  # type: ignore[arg-type]
    assert "--allow-findings" in stopped.value.hint
    check_cases(made, None, allow=True)  # type: ignore[arg-type]
    assert made.progress.warnings == ["case 'mine' holds on 1 of 2 rows (--allow-findings)"]


def test_a_golden_case_that_fails_is_never_allowed(tmp_path, declared) -> None:
    declared += [check("failed", "case 'mine' holds on 1 of 2 rows", metric="golden")]
    with pytest.raises(PackageError, match="so a server of this package would never be ready"):
        check_cases(context(tmp_path, Policy(case=(ONE,))), None, allow=True)  # type: ignore[arg-type]


def test_warnings_and_what_could_not_be_judged_are_said(tmp_path, declared) -> None:
    declared += [check("warned", "a warning"), check("inconclusive", "no row")]
    made = context(tmp_path, Policy(case=(ONE,)))
    assert len(check_cases(made, None, allow=False)) == 2  # type: ignore[arg-type]
    assert made.progress.warnings == ["a warning", "no row"]


def test_a_model_that_depends_on_its_batch_stops_the_build(tmp_path) -> None:
    made = context(tmp_path, Policy(), check("failed", "answers depend on the batch"))
    with pytest.raises(PackageError, match="answers depend on the batch"):
        check_cases(made, None, allow=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "more", "warnings"),
    [
        ({"batch_invariance": False}, {}, []),
        ({"warn": ["cases"]}, {}, ["it depends"]),
        ({}, {"severity": "warn"}, ["it depends"]),
    ],
)
def test_a_model_that_may_depend_on_its_batch_says_so(tmp_path, policy, more, warnings) -> None:
    made = context(tmp_path, Policy.model_validate(policy), check("failed", "it depends", **more))
    check_cases(made, None, allow=False)  # type: ignore[arg-type]
    assert made.progress.warnings == warnings
