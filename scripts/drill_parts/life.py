"""The phases of the drill, in order."""

from __future__ import annotations

import time

from drill_parts import images, paths, stack, tracker
from drill_parts.checks import Record, causes
from drill_parts.faults import (
    Fault,
    killed_replica,
    paused_replica,
    stopped_alertmanager,
    unit_change,
    wrong_slice,
)
from drill_parts.load import OK, Load
from drill_parts.preparation import FIRST, NAME, source
from drill_parts.programs import package
from drill_parts.releases import better_release, broken_release, replayed, stale_release
from drill_parts.rows import read_rows

TIME_SCALE = 60
RATE = 20
"""Requests a second."""
BATCH = 10
"""Rows of a request."""
QUIET_SECONDS = 75
HELD_SECONDS = 15
"""How long a fault without an issue lasts."""


def drill(record: Record, *, short: bool) -> None:
    """All phases; with ``short`` one fault and no release that is refused."""
    record.start("deployment")
    first = _loaded_images()
    stack.deploy(first, TIME_SCALE)
    rows = read_rows(source())
    with stack.running(), Load(stack.PORT, rows.traffic, RATE, BATCH) as load:
        quiet(record, load, QUIET_SECONDS / (3 if short else 1))
        for fault in faults(load, short=short):
            injected(record, load, fault)
        if not short:
            together(record, load)
        injected(record, load, wrong_slice(load))
        better_release(record, load, first)
        if not short:
            stale_release(record, load)
            broken_release(record, load)
            replayed(record)
        aftermath(record, load, QUIET_SECONDS / (3 if short else 1))
        counted(record, load)
    record.sent = load.sent
    record.finish()


def _loaded_images() -> str:
    """The name of the first version in the engine; the tracker's image is made."""
    images.load_images()
    name = NAME.read_text(encoding="utf-8")
    images.load_archive(FIRST, name)
    base = (paths.WORK / "base").read_text(encoding="utf-8")
    package("issues", "image", "--base", base)
    return name


def faults(load: Load, *, short: bool) -> list[Fault]:
    """The faults that come one at a time."""
    one = [killed_replica(), unit_change(load)]
    return one if short else [*one, paused_replica(), stopped_alertmanager()]


def quiet(record: Record, load: Load, seconds: float) -> None:
    """Nothing is wrong: no issue may open."""
    record.start("nothing is wrong")
    since = load.count
    time.sleep(seconds)
    found = tracker.open_issues()
    record.see(found)
    record.check("no issue", not found, ", ".join(one.name for one in found) or "none")
    record.none_lost(load, since)


def injected(record: Record, load: Load, fault: Fault) -> None:
    """One fault: its issue opens within its bound, as one line, and ends after the fault."""
    record.start(fault.title)
    before, since = {one.number for one in tracker.open_issues()}, load.count
    fault.inject()
    if fault.expected:
        took = tracker.wait_for(fault.opened, fault.bound_seconds)
        record.check(f"opens {', '.join(fault.expected)}", took is not None, _seconds(took))
    else:
        time.sleep(HELD_SECONDS)
    found = [one for one in tracker.open_issues() if one.number not in before]
    record.see(found)
    strangers = fault.unexpected(found)
    record.check("no other issue", not strangers, ", ".join(x.name for x in strangers) or "none")
    if fault.expected:
        record.check("one line of the list", causes(found) == 1, f"{causes(found)} lines")
    fault.heal()
    if fault.heals and found:
        own = {one.number for one in found}
        took = tracker.wait_for(
            lambda all_: not [one for one in all_ if one.number in own and one.is_open],
            fault.bound_seconds,
        )
        record.check("is resolved after the fault", took is not None, _seconds(took))
    record.none_lost(load, since)


def together(record: Record, load: Load) -> None:
    """Two faults at once are two lines, the more urgent one first."""
    record.start("a replica hangs while an input moves")
    hangs, moves, since = paused_replica(), unit_change(load), load.count
    for fault in (hangs, moves):
        fault.inject()
    took = tracker.wait_for(
        lambda found: hangs.opened(found) and moves.opened(found), moves.bound_seconds
    )
    record.check("both open", took is not None, _seconds(took))
    found = tracker.open_issues()
    record.see(found)
    record.check("two lines of the list", causes(found) == 2, f"{causes(found)} lines")
    first = found[0].name if found else "none"
    record.check("the replica comes first", first.startswith("TargetDown"), first)
    for fault in (hangs, moves):
        fault.heal()
    took = tracker.wait_for(lambda all_: not [x for x in all_ if x.is_open], moves.bound_seconds)
    record.check("all are resolved", took is not None, _seconds(took))
    record.none_lost(load, since)


def aftermath(record: Record, load: Load, seconds: float) -> None:
    """After the new version nothing opens again."""
    record.start("after the new version")
    since = load.count
    time.sleep(seconds)
    found = tracker.open_issues()
    record.see(found)
    record.check("no issue is open", not found, ", ".join(one.name for one in found) or "none")
    record.none_lost(load, since)


def counted(record: Record, load: Load) -> None:
    """Prometheus counts the rows that clients got answers for."""
    record.start("counters")
    time.sleep(5)
    sent = sum(one.rows for one in load.sent if one.status == OK)
    record.figures["requests"] = str(load.count)
    record.figures["rows answered"] = str(sent)
    labels = load.labels.get(OK, 0)
    record.figures["labels accepted"] = str(labels)
    record.check("all labels are accepted", set(load.labels) <= {OK}, f"{load.labels}")


def _seconds(took: float | None) -> str:
    return "not within its bound" if took is None else f"after {took:.0f} s"
