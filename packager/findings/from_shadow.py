"""The findings of ``package drift --shadow``: those of the alerts about a shadow."""

from __future__ import annotations

import math
from collections.abc import Iterator

from monitoring.slices.slices import ALL
from packager.deploy.prometheus.shadow_rules import MAX_UNANSWERED_SHARE, MIN_SHADOW_ROWS
from packager.findings.from_drift import SOURCE
from packager.replicas.shadow import ShadowReport
from packager.tracker.core.finding import Finding, Report, ScanReport, Unjudged
from packager.tracker.core.plot import (
    MAX_ROWS,
    CountedRow,
    CountsPlot,
    IntervalsPlot,
    MeasuredRow,
    Plot,
)
from packager.tracker.core.texts import named

LOST = ("failed", "dropped")
"""Outcomes of sampled rows without an answer of the challenger."""
NOT_ANSWERING = "ShadowNotAnswering"
VERDICTS = {"challenger better": "ChallengerBetter", "challenger worse": "ChallengerWorse"}
"""Verdict → the name of its alert, which is information: no answer of champion depends on it."""
ACTIONS = {
    NOT_ANSWERING: "The server's log says why: an address, a key, a schema without these inputs. "
    "Rows that are dropped need a faster challenger or a smaller MODEL_SHADOW_SHARE.",
    "ChallengerBetter": "See the slices in `package drift URL --shadow`. If none is worse, deploy "
    "the challenger.",
    "ChallengerWorse": "Stop this shadow; the slices in `package drift URL --shadow` say where to "
    "look.",
}


def findings_of_shadow(report: ShadowReport, at: float) -> Report:
    """The report of a look at the shadow of one version; an undecided one closes no verdict."""
    sampled = sum(report.rows.values())
    unjudged = [Unjudged(kind=NOT_ANSWERING)] if sampled < MIN_SHADOW_ROWS else []
    if report.verdict not in VERDICTS:
        unjudged += [Unjudged(kind=kind) for kind in VERDICTS.values()]
    scan = ScanReport(
        package=report.model,
        version=report.version,
        source=SOURCE,
        scope=named(f"shadow of {report.version}"),
        complete=True,
        at=at,
        unjudged=tuple(unjudged),
    )
    return Report(findings=tuple(_findings(report, sampled, at)), scan=scan)


def _findings(report: ShadowReport, sampled: float, at: float) -> Iterator[Finding]:
    lost = sum(report.rows.get(one, 0.0) for one in LOST)
    if sampled >= MIN_SHADOW_ROWS and lost / sampled > MAX_UNANSWERED_SHARE:
        yield _finding(report, NOT_ANSWERING, at).model_copy(
            update={
                "severity": "ticket",
                "share": lost / sampled,
                "evidence": f"{lost:,.0f} of {sampled:,.0f} sampled rows have no answer",
                "title": "the challenger does not answer most rows",
                "plot": _outcomes(report, sampled),
            }
        )
    if report.verdict in VERDICTS:
        yield _finding(report, VERDICTS[report.verdict], at).model_copy(
            update={
                "evidence": report.why,
                "title": f"the {report.verdict.replace(' ', ' is ')} than this version",
                "plot": _differences(report),
            }
        )


def _finding(report: ShadowReport, kind: str, at: float) -> Finding:
    """A finding with the common fields; each is about every row of its version."""
    return Finding(
        package=report.model,
        version=report.version,
        kind=kind,
        severity="info",
        share=1.0,
        certainty=1.0,
        summary=f"challenger {', '.join(report.challengers)}" if report.challengers else "",
        action=ACTIONS[kind],
        source=SOURCE,
        key=named(f"shadow of {report.version}"),
        starts_at=at,
    )


def _outcomes(report: ShadowReport, sampled: float) -> CountsPlot:
    """Sampled rows by what the challenger answered."""
    rows = [
        CountedRow(name=name, count=n, subject=name in LOST) for name, n in report.rows.items() if n
    ]
    return CountsPlot(title="Sampled rows by answer", rows=tuple(rows), total=sampled)


def _differences(report: ShadowReport) -> Plot | None:
    """The difference of challenger and champion by slice, with its interval for every look."""
    known = [
        slice_
        for slice_ in report.slices
        if math.isfinite(slice_.low) and math.isfinite(slice_.high)
    ]
    rows = tuple(
        MeasuredRow(
            name="all rows" if one.name == ALL else named(one.name),
            value=one.difference,
            low=one.low,
            high=one.high,
            reference=0.0,
            subject=one.name == ALL,
        )
        for one in known[:MAX_ROWS]
    )
    unit = "error less" if report.regression else "accuracy more"
    return IntervalsPlot(
        title="challenger minus champion by slice",
        unit=unit,
        reference_name="no difference",
        rows=rows,
    )
