"""The report of a test on new data: checks in families, and one verdict (``package-test/1``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from packager.manifest.base import FileEntry, FrozenModel
from packager.manifest.policy import Family, Policy
from packager.worker.test.attribution_records import Attribution
from packager.worker.test.details import OF_CHECKS, OF_FAMILIES, check_details

Verdict = Literal["passed", "failed", "inconclusive"]
CheckVerdict = Literal["passed", "failed", "inconclusive", "warned"]
"""``warned``: failed in a family, or a case, that ``[test]`` doesn't let fail."""
FamilyVerdict = Literal["passed", "failed", "inconclusive", "warned", "not judged"]
"""``warned``: nothing failed, and a check warned."""


class Check(FrozenModel):
    """One comparison. Of a statistical check, ``p`` is known; the others are exact."""

    family: Family
    name: str
    """Unique in the family: ``accuracy color=E``."""
    subject: str = ""
    """A slice, a feature, a group or a case; for the drift of answers the name in the profile,
    ``__prediction__``, which no column can have; for time the earlier package."""
    metric: str = ""
    baseline: float | None = None
    now: float | None = None
    difference: float | None = None
    """``now`` minus ``baseline``."""
    worse: Literal[-1, 1] = 1
    """The direction of a change for the worse."""
    interval: tuple[float, float] | None = None
    """95 % interval of the difference."""
    limit: float | None = None
    """The largest difference for the worse that the policy allows, 0 or more."""
    rows: int = 0
    baseline_rows: int = 0
    p: float | None = None
    """One-sided: how probable a difference this bad is by chance."""
    q: float | None = None
    """``p`` adjusted for the other checks, to be compared with ``FamilyReport.level``: by Benjamini
    and Hochberg (1995) among the headline checks, or among the others, each half of the level."""
    error: float | None = None
    """Standard error of the difference."""
    degrees: float | None = None
    scale: float | None = None
    """Of a PSI: its chi-square is the PSI over this number."""
    visible_from: float | None = None
    """The smallest true difference that is found significant with a probability of 80 %."""
    headline: bool = False
    """Whether it is of all rows: judged with a half of the level of its own, and the family is
    inconclusive if this check is."""
    severity: Literal["fail", "warn"] = "fail"
    verdict: CheckVerdict = "passed"
    why: str = ""
    """One sentence."""
    examples: tuple[Mapping[str, Any], ...] = ()
    """Rows that show it, at most 10."""
    details: Mapping[str, Any] = {}
    """The data of its plot: the record of ``details.OF_CHECKS``."""

    @property
    def could_see(self) -> str:
        """The smallest change that this many rows show, to end a sentence; empty if unknown."""
        if self.visible_from is None or not math.isfinite(self.visible_from):
            return ""
        return f"; a change of {self.visible_from:.3g} would have been found"

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        check_details(OF_CHECKS, self.family, self.details)
        return self


class NotTested(FrozenModel):
    """A part of a family that could not be tested: a feature, a slice, a group."""

    subject: str
    why: str
    """The reason, and how to have it tested if there is a way."""
    requested: bool = False
    """Whether ``[test]`` names it: the family can't pass without it."""


class FamilyReport(FrozenModel):
    """The checks of one family."""

    family: Family
    verdict: FamilyVerdict
    level: float | None = None
    """The family's probability of a false alarm; None if all checks are exact."""
    checks: tuple[Check, ...] = ()
    why: str = ""
    """Why it was not judged, or is inconclusive."""
    not_tested: tuple[NotTested, ...] = ()
    details: Mapping[str, Any] = {}
    """The data of the family's plots: the record of ``details.OF_FAMILIES``."""

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        check_details(OF_FAMILIES, self.family, self.details)
        return self


class CasesReport(FrozenModel):
    """The cases that a build judged (``cases.json``, ``batches.json``)."""

    checks: tuple[Check, ...]


class DataTestReport(FrozenModel):
    """The result of ``package test``."""

    schema_version: Literal["package-test/1"] = "package-test/1"
    name: str
    version: str
    root: str
    task: str
    files: tuple[FileEntry, ...]
    fingerprint: str
    """sha256 of the fingerprint of the new data."""
    rows: int
    """Rows of the new data."""
    judged_rows: int
    """Rows that the model answered."""
    labelled_rows: int
    """The rows for quality: labelled, and no rows of the training."""
    policy: Policy
    verdict: Verdict
    sentence: str
    """The verdict in one sentence."""
    families: tuple[FamilyReport, ...]
    notes: tuple[str, ...] = ()
    """The rows and columns that were left out, and why."""
    attribution: Attribution | None = None
    """Of a solution: the shares of its members in its error; None for other packages."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check."""
        return tuple(check for family in self.families for check in family.checks)

    @property
    def passed(self) -> bool:
        """Whether a command that runs the test succeeds."""
        return self.verdict == "passed" or (
            self.verdict == "inconclusive" and self.policy.inconclusive == "pass"
        )
