"""The phases of the drill, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from drill_parts import images, stack, tracker
from drill_parts.checks import LaterCheck, Record, causes, seconds_text
from drill_parts.faults import (
    Fault,
    killed_replica,
    moved_clock,
    paused_replica,
    stopped_alertmanager,
    unit_change,
    wrong_slice,
)
from drill_parts.load import OK, Load
from drill_parts.preparation import FIRST, NAME, TRACKER, build, source
from drill_parts.releases import (
    better_release,
    broken_release,
    new_version,
    replayed,
    stale_release,
)
from drill_parts.rows import read_rows, relabelled
from drill_parts.stores import absent_redis, full_disk
from drill_parts.tracker import Issue
from packager.image.tracker_files import tracker_tag

TIME_SCALE = 60
RATE = 20
"""Requests a second."""
BATCH = 10
"""Rows of a request."""
QUIET_SECONDS = 75
RESOLVED = "is resolved after the fault"
HELD_SECONDS = 15
"""How long a fault without an issue lasts."""


def drill(record: Record, *, short: bool) -> None:
    """All phases; ``short``: two faults and one release."""
    record.start("deployment")
    first = _deployed()
    rows = read_rows(source())
    load = Load(stack.PORT, rows.traffic, RATE, BATCH)
    with stack.running(), load.running():
        (_short if short else _whole)(record, load, first)
        counted(record, load)
    record.sent = load.sent
    record.finish()


def _short(record: Record, load: Load, first: str) -> None:
    quiet(record, load, QUIET_SECONDS / 3)
    injected(record, load, killed_replica())
    # Its version is replaced while the issue is open, so the next version proves that it is over.
    injected(record, load, replace(unit_change(load), heals=False))
    load.relabel = relabelled  # the world that the new version learns
    better_release(record, load, first, new_version).settle()
    aftermath(record, load, QUIET_SECONDS / 3)


def _whole(record: Record, load: Load, first: str) -> None:
    """While issues end, the next faults are there; versions are built beside, one at a time."""
    with ThreadPoolExecutor(1) as builder:
        stale = builder.submit(build, "3.0.0", 1)
        quiet(record, load, QUIET_SECONDS)
        settle([injected(record, load, killed_replica())])
        ends = [injected(record, load, unit_change(load))]
        ends.append(injected(record, load, paused_replica(), unit_change(load)))
        settle(ends)
        settle([injected(record, load, moved_clock())])
        absent_redis(record, load)
        settle([injected(record, load, stopped_alertmanager())])
        full_disk(record, load)
        new = builder.submit(new_version)
        ends = [together(record, load)]
        injected(record, load, wrong_slice(load), earlier=unit_change(load))
        settle(ends)
        closed = better_release(record, load, first, new.result)
        stale_release(record, load, stale.result())
        closed.settle()
        broken_release(record, load, stale.result())
    replay = ThreadPoolExecutor(1).submit(replayed)
    aftermath(record, load, QUIET_SECONDS)
    record.start("replay of the deployed version")
    record.check("is equal", *replay.result())


def settle(ends: Iterable[LaterCheck | None]) -> None:
    """Wait until the issues of earlier faults are resolved."""
    for one in ends:
        if one is not None:
            one.settle()


def _deployed() -> str:
    """Write the deployment of the first version; its name in the engine."""
    images.load_services()
    name = NAME.read_text(encoding="utf-8")
    images.load_archive(FIRST, name)
    images.load_archive(TRACKER, tracker_tag())
    stack.deploy(name, images.with_movable_clock(name), TIME_SCALE)
    return name


def quiet(record: Record, load: Load, seconds: float) -> None:
    """Nothing is wrong: no issue may open."""
    record.start("nothing is wrong")
    since = load.count
    time.sleep(seconds)
    found = tracker.open_issues()
    record.see(found)
    record.check("no issue", not found, ", ".join(one.name for one in found) or "none")
    record.none_lost(load, since)


def injected(
    record: Record, load: Load, fault: Fault, earlier: Fault | None = None
) -> LaterCheck | None:
    """One fault: its issue opens within its bound, as one line; whether it ends after the fault.

    ``earlier``: a fault that has ended, of whose rows the alerts' windows still hold some, so that
    an issue of it may open during this one.
    """
    record.start(fault.title)
    before, since = {one.number for one in tracker.open_issues()}, load.count
    fault.inject()
    if fault.expected:
        took = tracker.wait_for(fault.opened, fault.bound_seconds)
        record.check(f"opens {', '.join(fault.expected)}", took is not None, seconds_text(took))
    else:
        time.sleep(HELD_SECONDS)
    found = [one for one in tracker.open_issues() if one.number not in before]
    if earlier is not None:
        found = fault.without_issues_of(earlier, found)
    record.see(found)
    strangers = fault.unexpected(found)
    record.check("no other issue", not strangers, ", ".join(x.name for x in strangers) or "none")
    if fault.expected:
        record.check("one line of the list", causes(found) == 1, f"{causes(found)} lines")
    fault.heal()
    record.none_lost(load, since)
    if not fault.heals or not found:
        return None
    return LaterCheck(record, RESOLVED, ended(found), fault.bound_seconds)


def ended(found: list[Issue]) -> Callable[[list[Issue]], bool]:
    """Whether none of these issues is open."""
    own = {one.number for one in found}
    return lambda all_: not [one for one in all_ if one.number in own and one.is_open]


def together(record: Record, load: Load) -> LaterCheck:
    """Two faults at once are two lines, the more urgent one first."""
    record.start("a replica hangs while an input moves")
    hangs, moves, since = paused_replica(), unit_change(load), load.count
    for fault in (hangs, moves):
        fault.inject()
    took = tracker.wait_for(
        lambda found: hangs.opened(found) and moves.opened(found), moves.bound_seconds
    )
    record.check("both open", took is not None, seconds_text(took))
    found = tracker.open_issues()
    record.see(found)
    record.check("two lines of the list", causes(found) == 2, f"{causes(found)} lines")
    # An issue has the priority of an unknown share until Prometheus has answered.
    replica_first = tracker.wait_for(lambda issues: _first(issues).startswith("TargetDown"), 15)
    first = _first(tracker.open_issues())
    record.check("the replica comes first", replica_first is not None, first)
    for fault in (hangs, moves):
        fault.heal()
    record.none_lost(load, since)
    return LaterCheck(record, RESOLVED, ended(found), moves.bound_seconds)


def _first(issues: list[Issue]) -> str:
    """The name of the most urgent open issue."""
    return next((issue.name for issue in issues if issue.is_open), "none")


def aftermath(record: Record, load: Load, seconds: float) -> None:
    """After the new version nothing opens again."""
    record.start("after the new version")
    since = load.count
    time.sleep(seconds)
    found = tracker.open_issues()
    record.see(found)
    record.check("no issue is open", not found, ", ".join(one.name for one in found) or "none")
    if found:
        stack.keep_sources([one.number for one in found])
    record.none_lost(load, since)


def counted(record: Record, load: Load) -> None:
    """The totals of the clients: requests sent and answered, labels accepted."""
    record.start("labels")
    took = load.wait_for_labels(60)
    record.figures["requests"] = str(load.count)
    record.figures["rows"] = str(BATCH * load.count)
    record.figures["labels accepted"] = str(load.labels.get(OK, 0))
    told = ", ".join(
        f"{count:,} {'accepted' if status == OK else f'refused with {status}, sent again'}"
        for status, count in sorted(load.labels.items())
    )
    record.check("all labels are accepted", took is not None, told)
