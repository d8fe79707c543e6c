"""One line for many symptoms: ``11 inputs moved since 13:36; largest carat, 0.22``."""

from __future__ import annotations

from packager.tracker.core.finding import PACKAGE_SUBJECT
from packager.tracker.core.priority import formatted
from packager.tracker.service.pages.formatting import short_clock, shortened
from packager.tracker.store.cause_lines import CauseSummary

MAX_NAME = 60
_HAPPENED = {
    "availability": "alerts of availability",
    "inputs": "inputs moved",
    "quality": "drops of quality",
    "labels": "problems with labels",
    "identity": "answers differ from the record",
    "speed": "measurements are slower",
    "data": "groups of suspicious rows",
}


def cause_line(summary: CauseSummary, now: float) -> str:
    """The cause: kind, count, start, and its largest issue."""
    if not summary.members:
        return f"{summary.size} issues since {short_clock(summary.began, now)}"
    largest = max(summary.members, key=lambda one: (one.share, one.priority))
    what = _HAPPENED.get(largest.family, f"issues of {largest.family}")
    about = largest.subject.partition("=")[2] or largest.subject
    about = f"all of {largest.package}" if about == PACKAGE_SUBJECT else about
    return (
        f"{summary.size} {what} since {short_clock(summary.began, now)}; largest "
        f"{shortened(about, MAX_NAME)}, {formatted(float(f'{largest.share:.2g}'))}"
    )
