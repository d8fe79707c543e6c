"""Faults of what keeps state: the tracker's disk is full, the store of labels is away."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable

from drill_parts import tracker
from drill_parts.checks import Record, seconds_text
from drill_parts.faults import BOUND_SECONDS, paused_replica, stopped_redis
from drill_parts.load import OK, Load
from drill_parts.programs import compose
from drill_parts.stack import ALERTMANAGER

HELD_SECONDS = 15
REFUSED = 503
FAILED = re.compile(
    r"^alertmanager_notification_requests_failed_total\{[^}]*webhook[^}]*\} (\S+)", re.M
)
FILL = """
import os
place = os.open("/state/fill", os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(place, bytes(4096))
except OSError:
    pass
"""
FREE = "import os; os.unlink('/state/fill')"


def full_disk(record: Record, load: Load) -> None:
    """A finding that comes while the tracker can't write is listed once it can."""
    record.start("the tracker's disk is full while a replica hangs")
    hangs, since, refused = paused_replica(), load.count, _refused()
    _in_tracker(FILL)
    hangs.inject()
    time.sleep(HELD_SECONDS)
    refused = _refused() - refused
    record.check("it refuses what it can't keep", refused > 0, f"{refused} messages")
    listed = len(tracker.issues())  # raises if the list is not answered
    record.check("its list is still answered", listed > 0, f"{listed} issues")
    _in_tracker(FREE)
    took = tracker.wait_for(hangs.opened, BOUND_SECONDS)
    record.check("opens TargetDown when there is room", took is not None, seconds_text(took))
    found = tracker.open_issues()
    record.see(found)
    strangers = ", ".join(one.name for one in hangs.unexpected(found))
    record.check("no other issue", not strangers, strangers or "none")
    hangs.heal()
    took = tracker.wait_for(lambda all_: not hangs.opened(all_), BOUND_SECONDS)
    record.check("is resolved after the fault", took is not None, seconds_text(took))
    record.none_lost(load, since)


def absent_redis(record: Record, load: Load) -> None:
    """Predictions go on; labels are refused, sent again, and accepted when Redis is back."""
    fault = stopped_redis()
    record.start(fault.title)
    before = {one.number for one in tracker.open_issues()}
    since, refused = load.count, load.labels.get(REFUSED, 0)
    fault.inject()
    # The proxy asks both replicas, each of which waits for the store for five seconds.
    took = _until(lambda: load.labels.get(REFUSED, 0) > refused)
    record.check("labels are refused with 503", took is not None, seconds_text(took))
    fault.heal()
    accepted = load.labels.get(OK, 0)
    took = _until(lambda: load.labels.get(OK, 0) > accepted and not load.waiting)
    record.check("all are accepted when it is back", took is not None, seconds_text(took))
    found = [one for one in tracker.open_issues() if one.number not in before]
    record.see(found)
    record.check("no issue", not found, ", ".join(one.name for one in found) or "none")
    record.none_lost(load, since)


def _until(condition: Callable[[], bool]) -> float | None:
    """Seconds until ``condition`` holds; None if it doesn't within the bound."""
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < BOUND_SECONDS:
        if condition():
            return passed
        time.sleep(0.2)
    return None


def _refused() -> int:
    """Messages that Alertmanager could not deliver, each attempt by itself."""
    with urllib.request.urlopen(f"{ALERTMANAGER}/metrics", timeout=30) as answer:
        return round(sum(float(one) for one in FAILED.findall(answer.read().decode())))


def _in_tracker(program: str) -> None:
    compose("exec", "-T", "issues", "python", "-c", program)
