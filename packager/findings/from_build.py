"""The findings of ``package build``: weak slices of the held-out rows, more processor time."""

from __future__ import annotations

from collections.abc import Sequence

from packager.findings.from_test import BAD
from packager.findings.from_time import UNJUDGED, finding_of_time, proof_of_time
from packager.manifest.manifest import Manifest
from packager.tracker.core.finding import Finding, Report, ScanReport, Unjudged
from packager.tracker.core.plot import MAX_ROWS, IntervalsPlot, MeasuredRow, Plot
from packager.tracker.core.texts import named
from packager.worker.test.report import Check
from packager.worker.test.weak_slice import WeakSlice, WeakSlices

SOURCE = "build"
SCOPE = "held-out rows"
KIND = "WeakSlice"


def findings_of_build(
    manifest: Manifest, weak: WeakSlices | None, at: float, time: Check | None = None
) -> Report:
    """The report of a build; ``weak``: what its search found, None if it made none.

    ``time``: the comparison of processor time with the last package, None if there is none.
    """
    slices = () if weak is None else weak.slices
    scan = ScanReport(
        package=manifest.name,
        version=manifest.tag,
        source=SOURCE,
        scope=SCOPE,
        digest=manifest.root,
        complete=weak is not None or time is not None,
        at=at,
        unjudged=(UNJUDGED, *([Unjudged(kind=KIND)] if weak is None else [])),
    )
    if time is not None and time.verdict == "passed":
        scan = scan.model_copy(update={"proofs": (proof_of_time(time, scan),)})
    plots = [_plot(one, slices, 0.0 if weak is None else weak.effect) for one in slices]
    findings = [_finding(one, manifest, at, plot) for one, plot in zip(slices, plots, strict=True)]
    if time is not None and time.verdict in BAD:
        findings.append(finding_of_time(time, scan))
    return Report(findings=tuple(findings), scan=scan)


def _plot(subject: WeakSlice, slices: Sequence[WeakSlice], effect: float) -> IntervalsPlot:
    """The mean loss of each weak slice beside the expected one; ``effect``: what is allowed."""
    ordered = [subject, *(one for one in slices if one is not subject)]
    rows = [
        MeasuredRow(
            name=one.condition,
            value=one.loss,
            low=one.expected + min(one.interval),
            high=one.expected + max(one.interval),
            reference=one.expected,
            bound=one.expected + effect,
            subject=one is subject,
        )
        for one in ordered[:MAX_ROWS]
    ]
    title = "mean loss of weak slices, and expected"
    return IntervalsPlot(title=title, unit="mean loss", reference_name="expected", rows=tuple(rows))


def _finding(weak: WeakSlice, manifest: Manifest, at: float, plot: Plot) -> Finding:
    return Finding(
        package=manifest.name,
        version=manifest.tag,
        kind=KIND,
        subject=named(f"slice={weak.condition}"),
        share=min(weak.share, 1.0),
        certainty=min(max(1 - weak.q, 0.0), 1.0),
        evidence=f"{weak.rows:,} held-out rows, q = {weak.q:.3g}",
        title=f"weak slice: {weak.condition}",
        summary=(
            f"loss {weak.loss:.3g}, expected {weak.expected:.3g}; 95 % interval of the excess "
            f"{weak.interval[0]:.3g} to {weak.interval[1]:.3g}"
        ),
        action=f"Watch it: add `{weak.rule}` to [slices.rules] of package.toml.",
        source=SOURCE,
        starts_at=at,
        values={"loss": weak.loss, "expected": weak.expected, "rows": float(weak.rows)},
        plot=plot,
    )
