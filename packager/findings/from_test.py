"""The findings of ``package test``: an issue for each slice, feature, group or case that failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.profile.profile import PREDICTION, is_prediction
from monitoring.slices.slices import ALL
from monitoring.stats.drift import total_variation
from packager.findings.check_plots import plot_of_check
from packager.manifest.policy import Family
from packager.tracker.core.finding import (
    PACKAGE_SUBJECT,
    Finding,
    Proof,
    Report,
    ScanReport,
    Severity,
    Unjudged,
)
from packager.tracker.core.priority import DRIFT_CERTAINTY
from packager.tracker.core.texts import named
from packager.worker.test.details import DriftDetails
from packager.worker.test.report import Check, DataTestReport

SOURCE = "test"
KINDS: Mapping[Family, tuple[str, str]] = {
    "schema": ("SchemaTest", "column"),
    "suspects": ("SuspectsTest", "flag"),
    "drift": ("DriftTest", "feature"),
    "quality": ("QualityTest", "slice"),
    "calibration": ("CalibrationTest", "slice"),
    "fairness": ("FairnessTest", "group"),
    "time": ("TimeTest", "time"),
    "cases": ("BehaviouralCase", "case"),
    "weak": ("WeakSlice", "slice"),
}
"""Family → the kind of its findings, and what a subject of it is."""
TITLES: Mapping[Family, str] = {
    "schema": "schema differs from the package's:",
    "suspects": "more suspicious values:",
    "drift": "new data drifted:",
    "quality": "worse than when packaged:",
    "calibration": "confidence no longer fits:",
    "fairness": "groups are treated less alike:",
    "time": "slower than when packaged:",
    "cases": "behavioural case broken:",
    "weak": "weak",
}
ALERTS: Mapping[Family, str] = {"quality": "SliceRegression", "drift": "FeatureDrift"}
"""Family → the alert that a passed check of a newer version proves gone."""
WITH_CELLS: frozenset[Family] = frozenset({"schema", "suspects"})
"""Families whose sentences may quote a cell of a row; these sentences are not sent."""
ACTION = "Read the report: `package test REF --data NEW --output DIR` writes it as a page."


def findings_of_test(report: DataTestReport, data: str, at: float, replaces: str = "") -> Report:
    """The report of a test at a time.

    ``data``: the name of the rows, without their version. The last test of rows of a name decides
    about them; rows of another name are apart. ``replaces``: the name that they had before.
    """
    found = {
        subject: [check for check in checks if check.verdict in ("failed", "warned")]
        for subject, checks in _by_subject(report.checks).items()
    }
    scan = ScanReport(
        package=named(report.name),
        version=tag_of(report),
        source=SOURCE,
        scope=named(data),
        digest=report.fingerprint,
        complete=True,
        at=at,
        replaces=replaces,
        proofs=tuple(_proofs(report)),
        unjudged=tuple(_unjudged(report)),
    )
    findings = [_finding(checks, report, scan) for checks in found.values() if checks]
    return Report(findings=tuple(findings), scan=scan)


def _finding(checks: Sequence[Check], report: DataTestReport, scan: ScanReport) -> Finding:
    """The finding of one subject: the numbers of its worst check, the sentences of all."""
    check = max(checks, key=lambda one: (one.verdict == "failed", _weight(one, report)))
    kind, noun = KINDS[check.family]
    subject = subject_of(check)
    quoted = check.family in WITH_CELLS
    about = "all rows" if subject == PACKAGE_SUBJECT else f"{noun} {check.subject}"
    if check.family == "drift" and is_prediction(check.subject):
        about = f"the answers{check.subject.removeprefix(PREDICTION).replace('.', ' ')}"
    severity: Severity = "ticket" if check.verdict == "failed" else "info"
    numbers = {"baseline": check.baseline, "now": check.now, "difference": check.difference,
               "limit": check.limit, "q": check.q, "rows": float(check.rows)}  # fmt: skip
    return Finding(
        package=scan.package,
        version=scan.version,
        kind=kind,
        subject=subject,
        severity=severity,
        share=_share(check, report),
        certainty=_certainty(check),
        evidence=_evidence(check, report),
        title=f"{TITLES[check.family]} {about}",
        summary="" if quoted else "; ".join(one.why for one in checks),
        action=ACTION,
        source=SOURCE,
        key=scan.scope,
        starts_at=scan.at,
        values={name: value for name, value in numbers.items() if value is not None},
        plot=plot_of_check(check, report, about),
    )


def _weight(check: Check, report: DataTestReport) -> float:
    return _share(check, report) * _certainty(check)


def tag_of(report: DataTestReport) -> str:
    """The package's tag, as alerts and manifests name its version."""
    return named(f"{report.version}-{report.root[:12]}")


def subject_of(check: Check) -> str:
    """``slice=color=E``; ``package`` for a check of all rows."""
    if check.subject in ("", ALL) or check.headline:
        return PACKAGE_SUBJECT
    return named(f"{KINDS[check.family][1]}={check.subject}")


def _share(check: Check, report: DataTestReport) -> float:
    """Of drift, the rows that would have to be elsewhere; else the rows that were compared."""
    if check.family == "drift" and check.details:
        drawn = DriftDetails.model_validate(check.details)
        return min(total_variation(drawn.counts, np.asarray(drawn.reference)), 1.0)
    if check.headline or not check.rows or not report.rows:
        return 1.0
    return min(check.rows / report.rows, 1.0)


def _certainty(check: Check) -> float:
    known = 1.0 if check.q is None else min(max(1 - check.q, 0.0), 1.0)
    return known * (DRIFT_CERTAINTY if check.family == "drift" else 1.0)


def _evidence(check: Check, report: DataTestReport) -> str:
    rows = f"{check.rows:,} of {report.rows:,} rows" if check.rows else f"{report.rows:,} rows"
    if check.q is None:
        return f"an exact check of {rows}"
    reason = ", times 0.7, because inputs moved and answers may be right"
    return f"{rows}, q = {check.q:.3g}" + (reason if check.family == "drift" else "")


def _proofs(report: DataTestReport) -> list[Proof]:
    """What this version is shown not to have: every check of the subject passed."""
    found = []
    for (family, subject), checks in _by_subject(report.checks).items():
        if any(check.verdict != "passed" for check in checks):
            continue
        text = f"{family} passed in the test of {tag_of(report)}: {checks[0].why}"
        kinds = [KINDS[family][0], *([ALERTS[family]] if family in ALERTS else [])]
        found += [Proof(kind=kind, subject=subject, text=text) for kind in kinds]
    return found


def _unjudged(report: DataTestReport) -> list[Unjudged]:
    """What this test says nothing about."""
    families = [
        Unjudged(kind=KINDS[one.family][0])
        for one in report.families
        if one.verdict == "not judged"
    ]
    subjects = [
        Unjudged(kind=KINDS[family][0], subject=subject)
        for (family, subject), checks in _by_subject(report.checks).items()
        if any(check.verdict == "inconclusive" for check in checks)
    ]
    if report.verdict != "passed":  # weak slices were sought in rows that could not show all
        families.append(Unjudged(kind=KINDS["weak"][0]))
    return [*families, *subjects]


def _by_subject(checks: Sequence[Check]) -> Mapping[tuple[Family, str], list[Check]]:
    found: dict[tuple[Family, str], list[Check]] = defaultdict(list)
    for check in checks:
        found[check.family, subject_of(check)].append(check)
    return found
