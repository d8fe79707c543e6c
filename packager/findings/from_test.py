"""The findings of ``package test``: an issue for each slice, feature, group or case that failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from monitoring.profile.profile import EMBEDDING, PREDICTION, is_embedding, is_prediction
from monitoring.slices.slices import ALL
from monitoring.stats.drift import total_variation
from packager.findings import from_time
from packager.findings.check_plots import plot_of_check
from packager.findings.from_time import finding_of_time, is_since, proof_of_time
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
BAD = ("failed", "warned")
"""Verdicts of checks that are findings."""
MAX_PARTS = 100
"""Parts of a family that were not tested, of which each is named; of more, the whole family."""
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
"""Families whose sentences may quote a cell of a row; these sentences are not sent. Those of cases
are made of counts: the worst row has cells, too."""
ACTION = "Read the report: `package test REF --data NEW --output DIR` writes it as a page."


def findings_of_test(report: DataTestReport, data: str, at: float, replaces: str = "") -> Report:
    """The report of a test at a time.

    ``data``: the name of the rows, without their version. The last test of rows of a name decides
    about them; rows of another name are apart. ``replaces``: the name that they had before.
    """
    failures = {
        subject: [check for check in checks if check.verdict in BAD]
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
    times = [one for one in report.checks if is_since(one)]
    proofs = [proof_of_time(one, scan) for one in times if one.verdict == "passed"]
    scan = scan.model_copy(update={"proofs": (*scan.proofs, *proofs)})
    findings = [_finding(checks, report, scan) for checks in failures.values() if checks]
    findings += [finding_of_time(one, scan) for one in times if one.verdict in BAD]
    return Report(findings=tuple(findings), scan=scan)


def _finding(checks: Sequence[Check], report: DataTestReport, scan: ScanReport) -> Finding:
    """The finding of one subject: the numbers of its worst check, the sentences of all."""
    check = max(checks, key=lambda one: (one.verdict == "failed", _weight(one, report)))
    kind, noun = KINDS[check.family]
    subject = subject_of(check)
    about = "all rows" if subject == PACKAGE_SUBJECT else f"{noun} {check.subject}"
    if check.family == "drift" and is_embedding(check.subject):
        about = f"the embedding's {check.subject.removeprefix(EMBEDDING + '.')}"
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
        summary="; ".join(sentence for one in checks if (sentence := _sentence(one))),
        action=ACTION,
        source=SOURCE,
        key=scan.scope,
        starts_at=scan.at,
        values={name: value for name, value in numbers.items() if value is not None},
        plot=plot_of_check(check, report, about),
    )


def _sentence(check: Check) -> str:
    """The sentence of a check, without any cell or answer of a row."""
    if check.family in WITH_CELLS:
        return ""
    if check.family != "cases":
        return check.why
    wrong = check.details.get("failed")
    if wrong is not None:
        return f"case {check.name!r} holds on {check.rows - wrong:,} of {check.rows:,} rows"
    if check.now is None:
        return f"case {check.name!r} {check.verdict} on {check.rows:,} rows"
    return f"case {check.name!r}: {check.metric} {check.now:.6g}, expected {check.baseline:.6g}"


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
    """Proofs that this version lacks a fault: every check of the subject passed."""
    proofs = []
    for (family, subject), checks in _by_subject(report.checks).items():
        if any(check.verdict != "passed" for check in checks):
            continue
        sentence = _sentence(checks[0])
        text = (
            f"{family} passed in the test of {tag_of(report)}{f': {sentence}' if sentence else ''}"
        )
        kinds = [KINDS[family][0], *([ALERTS[family]] if family in ALERTS else [])]
        proofs += [Proof(kind=kind, subject=subject, text=text) for kind in kinds]
    return proofs


def _unjudged(report: DataTestReport) -> list[Unjudged]:
    """The subjects that this test does not judge."""
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
    subjects += [
        Unjudged(kind=kind, subject=subject) for kind, subject in dict.fromkeys(_not_tested(report))
    ]
    families.append(from_time.UNJUDGED)
    if report.verdict != "passed":  # weak slices were sought in rows that could not show all
        families.append(Unjudged(kind=KINDS["weak"][0]))
    return [*families, *subjects]


def _not_tested(report: DataTestReport) -> Iterator[tuple[str, str | None]]:
    """Kind and subject of parts that were not tested; of many, the whole kind."""
    for family in report.families:
        kind, noun = KINDS[family.family]
        parts = [one.subject for one in family.not_tested]
        if family.family == "time":
            if not any(check.family == "time" and not is_since(check) for check in report.checks):
                yield kind, None
        elif len(parts) > MAX_PARTS:
            yield kind, None
        else:
            yield from ((kind, named(f"{noun}={part}")) for part in parts)


def _by_subject(checks: Sequence[Check]) -> Mapping[tuple[Family, str], list[Check]]:
    """Checks by family and subject, without those of time that compare with another package."""
    by_subject: dict[tuple[Family, str], list[Check]] = defaultdict(list)
    for check in checks:
        if not is_since(check):
            by_subject[check.family, subject_of(check)].append(check)
    return by_subject
