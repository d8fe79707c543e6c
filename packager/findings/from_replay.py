"""The finding of ``package replay``: a level below the one that the package claims."""

from __future__ import annotations

from packager.manifest.manifest import Manifest
from packager.tracker.core.finding import Finding, Report, ScanReport
from packager.worker.replay.report import ReplayReport

SOURCE = "replay"


def findings_of_replay(report: ReplayReport, manifest: Manifest, at: float) -> Report | None:
    """The report of a replay; None for a negative control, which says nothing about the package."""
    if report.perturbed is not None:
        return None
    scan = ScanReport(
        package=manifest.name,
        version=manifest.tag,
        source=SOURCE,
        scope="package",
        digest=manifest.root,
        complete=True,
        at=at,
    )
    findings = () if report.passed else (_finding(report, manifest, at),)
    return Report(findings=findings, scan=scan)


def _finding(report: ReplayReport, manifest: Manifest, at: float) -> Finding:
    wrong = [check.name for check in report.checks if not check.ok]
    return Finding(
        package=manifest.name,
        version=manifest.tag,
        kind="ReplayFailed",
        share=1.0,
        certainty=1.0,
        evidence="the replay compared the files, metrics and models",
        title=f"replay reached level {report.level}, expected {report.required_level}",
        summary=f"failed: {', '.join(wrong)}" if wrong else "",
        action=f"`package replay {manifest.name}:{manifest.tag} --html FILE` shows what differs.",
        source=SOURCE,
        starts_at=at,
    )
