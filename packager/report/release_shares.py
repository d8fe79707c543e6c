"""The shares of a change from one release of a solution to another, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packager.report.numbers import NO_VALUE, digits, percent
from packager.report.table import Cell, table
from packager.testing.release_report import ChangeShares, OwnChange, ReleaseShares
from packager.text import escape_control_characters
from packager.worker.test.attribution_records import EVERY, PlayerShare

FLOW = "the flow"
HEADS = ("changed", "share", "95 % interval", "of the change")
MAX_SLICES = 5


def as_json(shares: ReleaseShares) -> dict[str, Any]:
    """All fields."""
    return shares.model_dump(mode="json")


def as_text(shares: ReleaseShares, columns: int | None = None) -> str:
    """The changes, and tables of the shares."""
    return "\n\n".join(_parts(shares, columns))


def _parts(shares: ReleaseShares, columns: int | None) -> Iterator[str]:
    if not shares.members and not shares.flow:
        yield "the two have the same members and the same flow: no share of a change"
        return
    changed = [f"  {member.name}: {member.before} → {member.after}" for member in shares.members]
    changed += ["  the flow, its settings or its dependencies"] if shares.flow else []
    yield "\n".join(["changed from A to B:", *map(escape_control_characters, changed)])
    yield from _tables(shares.answers, "answers", shares.change, columns)
    if shares.error:
        yield from _tables(shares.loss, "error", shares.error, columns)
    if shares.own:
        heads = ("member", "rows", "mean loss in A", "in B", "95 % interval of the change")
        shown = table(heads, map(_own, shares.own), columns, right=heads[1:], indent=2)
        yield f"changed members by themselves, on the rows both releases hand them:\n{shown}"
    yield from shares.sentences


def _tables(
    measure: str, what: str, slices: tuple[ChangeShares, ...], columns: int | None
) -> Iterator[str]:
    for one in slices[:1]:
        rows = [_row(share, one) for share in one.shares]
        head = (
            f"change of the {what} ({measure}): {digits(one.change, sign=True)}, {one.rows:,} rows"
        )
        yield f"{head}\n{table(HEADS, rows, columns, right=HEADS[1:], indent=2)}"
    worst = sorted(
        (slice_ for slice_ in slices if slice_.slice != EVERY), key=lambda one: -abs(one.change)
    )
    if worst:
        names = [share.name or FLOW for share in slices[0].shares]
        heads = ("slice", "rows", "change", *names)
        lines = map(_slice, worst[:MAX_SLICES])
        more = len(worst) - MAX_SLICES
        left = f"\n  and {more:,} more slices; --json has all" if more > 0 else ""
        shown = table(heads, lines, columns, right=heads[1:], indent=2)
        yield f"slices with the largest change of the {what}:\n{shown}{left}"


def _row(share: PlayerShare, one: ChangeShares) -> tuple[Cell, ...]:
    part = percent(share.value / one.change) if one.change else NO_VALUE
    return share.name or FLOW, digits(share.value, sign=True), _ends(share.interval), part


def _slice(one: ChangeShares) -> tuple[Cell, ...]:
    values = [digits(share.value, sign=True) for share in one.shares]
    return one.slice, f"{one.rows:,}", digits(one.change, sign=True), *values


def _own(one: OwnChange) -> tuple[Cell, ...]:
    return one.name, f"{one.rows:,}", digits(one.before), digits(one.after), _ends(one.interval)


def _ends(ends: tuple[float, float] | None) -> str:
    return NO_VALUE if ends is None else f"{digits(ends[0])} to {digits(ends[1])}"
