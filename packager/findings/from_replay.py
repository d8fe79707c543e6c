"""The finding of ``package replay``: a level below the one that the package claims."""

from __future__ import annotations

from packager.manifest.manifest import Manifest
from packager.run.solution_replay import SolutionReport
from packager.tracker.core.finding import Finding, Report, ScanReport
from packager.worker.replay.report import ReplayReport

SOURCE = "replay"


def findings_of_replay(report: ReplayReport, manifest: Manifest, at: float) -> Report | None:
    """The report of a replay; None for a negative control, which says nothing about the package."""
    if report.perturbed is not None:
        return None
    findings = () if report.passed else (_finding(report, manifest, at),)
    return Report(findings=findings, scan=_scan(manifest, at))


def findings_of_solution(report: SolutionReport, manifest: Manifest, at: float) -> Report | None:
    """The report of a solution's replay: one finding that names the members that failed.

    None if single members were asked for: it says nothing about the others.
    """
    asked = {*report.members}
    known = {member.name for member in manifest.solution.members} if manifest.solution else set()
    if asked and asked != known:
        return None
    failed = [name for name, one in report.members.items() if not one.passed]
    failed += ["the whole, end to end"] if report.flow and not report.flow.passed else []
    failed += [check.name for check in report.checks if not check.ok]
    found = Finding(
        package=manifest.name,
        version=manifest.tag,
        kind="ReplayFailed",
        share=1.0,
        certainty=1.0,
        evidence="the replay trained each member again and asked the whole",
        title=f"replay of the solution failed: {failed[0] if failed else report.level}",
        summary=f"failed: {', '.join(failed)}" if failed else "",
        action=f"`package replay {manifest.name}:{manifest.tag} --html FILE` shows what differs.",
        source=SOURCE,
        starts_at=at,
    )
    return Report(findings=() if report.passed else (found,), scan=_scan(manifest, at))


def _scan(manifest: Manifest, at: float) -> ScanReport:
    return ScanReport(
        package=manifest.name,
        version=manifest.tag,
        source=SOURCE,
        scope="package",
        digest=manifest.root,
        complete=True,
        at=at,
    )


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
