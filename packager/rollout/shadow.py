"""Whether a new version answers live requests as it should, beside the earlier one: a shadow.

The verdict is that of ``package drift --shadow``. Too few labels to tell are no pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from monitoring.slices.slices import ALL
from monitoring.stats.exact import at_least, exact_interval
from packager.errors import PackageError
from packager.progress import Progress
from packager.replicas.counters import CounterTotals
from packager.replicas.shadow import LEVEL, MAX_FAILED_SHARE, ShadowReport, shadow_report
from packager.rollout.mirrored import same_inputs
from packager.rollout.mirrored_requests import ServerAddress
from packager.rollout.verdict import GateCheck, Outcome

NAME = "shadow"
ALARM = 0.01
"""Probability to refuse a version that leaves no more rows unanswered than allowed, at most."""
MARGIN = 0.05
"""A version passes whose share of right answers is not this much lower, shown by labels."""
HORIZON = 2_000.0
"""Labels at which the interval is narrowest: that of ``package drift --shadow``."""
POLL_SECONDS = 10.0


def watch_shadow(
    counted: Callable[[], CounterTotals], minutes: float, progress: Progress
) -> GateCheck:
    """Look every ``POLL_SECONDS`` until the verdict stands, at most for ``minutes``.

    ``counted``: the counters of the shadow since it began. Every look is valid, as the interval is
    a confidence sequence. Raises ``PackageError`` if the last look can't be taken.
    """
    progress.step(f"shadow: the rows of all requests to both versions, up to {minutes:g} minutes")
    until = time.monotonic() + 60 * minutes
    looks = max(1, int(60 * minutes / POLL_SECONDS))
    while True:
        time.sleep(max(0.0, min(POLL_SECONDS, until - time.monotonic())))
        last = time.monotonic() >= until
        try:
            report = shadow_report(counted(), 1.0, HORIZON)
        except PackageError as error:
            if last:
                raise
            progress.warn(f"shadow: {error.message}")
            continue
        # A half of the alarm rate is for the end, the other one for all looks before it.
        check = judge_shadow(report, ALARM / 2 if last else ALARM / 2 / looks)
        if last or check.outcome != "too few":
            return check


def check_same_inputs(old: str, new: str, key: str | None) -> None:
    """Raise ``PackageError`` if the servers at two addresses have different inputs."""
    with ServerAddress(old, key) as before, ServerAddress(new, key) as after:
        if not same_inputs(before.get("/schema").document, after.get("/schema").document):
            raise PackageError(
                "--shadow: expected a version with the inputs of the one that serves, got others: "
                "it can't answer the rows of live requests",
                "leave --shadow out",
            )


def judge_shadow(report: ShadowReport, alarm: float = ALARM) -> GateCheck:
    """The verdict on what the counters of a shadow say.

    ``alarm``: probability to refuse a version for rows without an answer, of which it leaves no
    more than ``MAX_FAILED_SHARE``.
    """
    compared = {name: round(report.rows.get(name, 0)) for name in ("same", "other", "incomparable")}
    failed, dropped = (round(report.rows.get(name, 0)) for name in ("failed", "dropped"))
    sent = sum(compared.values()) + failed
    every = next((slice_ for slice_ in report.slices if slice_.name == ALL), None)
    numbers: dict[str, Any] = {
        **compared,
        "failed": failed,
        "dropped": dropped,
        "labels": round(every.pairs) if every else 0,
        "verdict": report.verdict,
    }
    if sent == 0:
        said = f"no row of a request was sent to the new version{_lost(dropped)}"
        return GateCheck(NAME, "too few", said, numbers)
    told = f"{sent - failed} of {sent} rows answered, {compared['other']} with another answer"
    if compared["incomparable"]:
        told += f", {compared['incomparable']} with an answer of another form"
    told += _lost(dropped)
    if at_least(failed, sent, MAX_FAILED_SHARE) < alarm:
        said = f"{told}; {failed} not answered, of which {MAX_FAILED_SHARE:.0%} are allowed"
        return GateCheck(NAME, "failed", said, numbers)
    if every is None or not every.pairs:
        said = f"{told}; undecided: no label of a row that both answered came"
        return GateCheck(NAME, "too few", said, numbers)
    numbers |= {"difference": every.difference, "low": every.low, "high": every.high}
    outcome, why = _labelled(report)
    return GateCheck(NAME, outcome, f"{told}; {numbers['labels']} labels: {why}", _finite(numbers))


def _labelled(report: ShadowReport) -> tuple[Outcome, str]:
    """The verdict of the labels, and why."""
    every = next(slice_ for slice_ in report.slices if slice_.name == ALL)
    if report.verdict == "challenger better":
        return "passed", "the new version is better"
    if report.verdict == "challenger worse":
        return "failed", "the new version is worse"
    worse = next((slice_ for slice_ in report.slices if slice_.verdict == "challenger worse"), None)
    if worse is not None:
        return "failed", f"the new version is worse on {worse.name}"
    if not report.regression and len(report.challengers) == 1:
        rows = round(every.pairs)
        high = exact_interval(0, rows, 2 * LEVEL - 1)[1]
        alike = every.champion == every.challenger and every.difference == 0
        if every.low > -MARGIN or (alike and not _differs(report) and high < MARGIN):
            return "passed", f"undecided, but not worse by {MARGIN:.0%} of the rows"
    return "too few", f"undecided: {report.why}"


def _differs(report: ShadowReport) -> bool:
    """Whether any row that both answered has another answer."""
    return bool(report.rows.get("other") or report.rows.get("incomparable"))


def _lost(dropped: int) -> str:
    return f"; {dropped} more were dropped, because it did not keep up" if dropped else ""


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and abs(value) == float("inf") else value
        for name, value in numbers.items()
    }
