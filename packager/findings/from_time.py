"""The finding of a package that takes more processor time than an earlier one.

It names the earlier package, so that only a comparison with the same one says that it is over:
a later package that is as slow as this one is not slower than it.
"""

from __future__ import annotations

from packager.findings.check_plots import finite
from packager.tracker.core.finding import Finding, Proof, ScanReport, Unjudged
from packager.tracker.core.plot import IntervalsPlot, MeasuredRow
from packager.tracker.core.texts import named
from packager.worker.test.report import Check

KIND = "SlowerPackage"
UNJUDGED = Unjudged(kind=KIND)
"""No scan closes what compared with another package than its own."""
ACTION = (
    "`package diff` shows what changed; `package test REF --data NEW --previous EARLIER` measures"
    " it again."
)


def is_since(check: Check) -> bool:
    """Whether it compares with an earlier package, which is its subject."""
    return check.family == "time" and bool(check.subject)


def finding_of_time(check: Check, scan: ScanReport) -> Finding:
    """The finding of a comparison that failed or warned."""
    numbers = {"ratio": check.now, "limit": check.limit, "q": check.q, "pairs": float(check.rows)}
    known = {name: finite(value) for name, value in numbers.items()}
    detail = "" if check.q is None else f", q = {check.q:.3g}"
    return Finding(
        package=scan.package,
        version=scan.version,
        kind=KIND,
        subject=_subject(check),
        severity="ticket" if check.verdict == "failed" else "info",
        share=1.0,
        certainty=1.0 if check.q is None else min(max(1 - check.q, 0.0), 1.0),
        evidence=f"{check.rows:,} pairs of runs in turn{detail}",
        title=f"slower than {check.subject}",
        summary=check.why,
        action=ACTION,
        source=scan.source,
        key=scan.scope,
        starts_at=scan.at,
        values={name: value for name, value in known.items() if value is not None},
        plot=_plot(check),
    )


def proof_of_time(check: Check, scan: ScanReport) -> Proof:
    """A comparison that passed."""
    text = f"time passed in the {scan.source} of {scan.version}: {check.why}"
    return Proof(kind=KIND, subject=_subject(check), text=text)


def _subject(check: Check) -> str:
    return named(f"than={check.subject}")


def _plot(check: Check) -> IntervalsPlot | None:
    """The ratio with its interval beside 1 and the allowed one."""
    now = finite(check.now)
    if now is None:
        return None
    ends = [1 + end for one in check.interval or () if (end := finite(one)) is not None]
    row = MeasuredRow(
        name=named(f"compared with {check.subject}"),
        value=now,
        low=min(ends) if len(ends) == 2 else None,
        high=max(ends) if len(ends) == 2 else None,
        reference=1.0,
        bound=None if check.limit is None else 1 + check.limit,
        subject=True,
    )
    title = f"processor time of a row, as a ratio to {check.subject}"
    return IntervalsPlot(title=title, unit="ratio", reference_name="as before", rows=(row,))
