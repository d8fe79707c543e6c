"""The finding of ``package replay``: a level below the one that the package claims."""

from __future__ import annotations

import math

from packager.manifest.manifest import Manifest
from packager.run.solution_replay import SolutionReport
from packager.tracker.core.finding import MAX_VALUES, Finding, Report, ScanReport
from packager.tracker.core.plot import LevelsPlot
from packager.tracker.core.texts import named
from packager.worker.replay.report import LEVELS, ReplayReport

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
    members = {*report.members}
    known = {member.name for member in manifest.solution.members} if manifest.solution else set()
    if members and members != known:
        return None
    failed = [name for name, one in report.members.items() if not one.passed]
    failed += ["the whole, end to end"] if report.flow and not report.flow.passed else []
    failed += [check.name for check in report.checks if not check.ok]
    finding = Finding(
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
    return Report(findings=() if report.passed else (finding,), scan=_scan(manifest, at))


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
        values=_differences(report),
        plot=_plot(report),
    )


def _differences(report: ReplayReport) -> dict[str, float]:
    """Distance of the two models, and the metrics that differ."""
    compared = report.comparison
    differences: dict[str, float | None] = {}
    if compared is not None:
        differences = {
            "rows compared": float(compared.rows),
            "rows with another label": compared.label_flips,
            "largest difference": compared.largest_difference,
        }
    for name, metric in report.metrics.items():
        if not metric.ok and metric.now is not None and metric.recorded is not None:
            differences[named(f"{name}, now minus recorded")] = metric.now - metric.recorded
    known = [(name, value) for name, value in differences.items() if value is not None]
    return {name: float(value) for name, value in known[:MAX_VALUES] if math.isfinite(value)}


def _plot(report: ReplayReport) -> LevelsPlot | None:
    """The ladder of levels; None for a package that claims none."""
    ladder = [one for one in LEVELS if one != "none"]
    if report.required_level not in ladder:
        return None
    return LevelsPlot(
        title="Level of the replay, and the one that is required",
        levels=tuple(ladder),
        required=ladder.index(report.required_level),
        reached=ladder.index(report.level) if report.level in ladder else None,
    )
