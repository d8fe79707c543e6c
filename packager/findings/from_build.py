"""The findings of ``package build``: weak slices of the held-out rows."""

from __future__ import annotations

from collections.abc import Sequence

from packager.manifest.manifest import Manifest
from packager.tracker.core.finding import Finding, Report, ScanReport
from packager.tracker.core.plot import MAX_ROWS, IntervalsPlot, MeasuredRow, Plot
from packager.tracker.core.texts import named
from packager.worker.test.weak_slice import WeakSlice, WeakSlices

SOURCE = "build"
SCOPE = "held-out rows"


def findings_of_build(manifest: Manifest, weak: WeakSlices | None, at: float) -> Report:
    """The report of a build; ``weak``: what its search found, None if it made none."""
    found = () if weak is None else weak.slices
    scan = ScanReport(
        package=manifest.name,
        version=manifest.tag,
        source=SOURCE,
        scope=SCOPE,
        digest=manifest.root,
        complete=weak is not None,
        at=at,
    )
    plots = [_plot(one, found, 0.0 if weak is None else weak.effect) for one in found]
    findings = [_finding(one, manifest, at, plot) for one, plot in zip(found, plots, strict=True)]
    return Report(findings=tuple(findings), scan=scan)


def _plot(subject: WeakSlice, found: Sequence[WeakSlice], effect: float) -> IntervalsPlot:
    """The mean loss of each weak slice beside the expected one; ``effect``: what is allowed."""
    ordered = [subject, *(one for one in found if one is not subject)]
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
        kind="WeakSlice",
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
