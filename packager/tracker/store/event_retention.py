"""Old events, thinned: of those that sources made, the last of each kind, issue and day is kept."""

from __future__ import annotations

from packager.tracker.core.moments import DAY
from packager.tracker.store.writer import Writer

MAX_EVENT_AGE = 400 * DAY
THINNED = (
    *("regressed", "changed", "cleared", "resolved", "reopened", "woke"),
    *("flapping", "unobserved", "proved"),
)
"""Kinds of events that sources make; what people did is kept for good."""
_UNTIL = "thinned_until"


def thin_events(store: Writer, now: float) -> bool:
    """Thin the next day that is old enough; whether there was one."""
    oldest = store.db.rows("select min(at) as at from event")[0]["at"]
    if oldest is None:
        return False
    day = max(float(store.setting(_UNTIL) or 0), oldest // DAY * DAY)
    if day + DAY > now - MAX_EVENT_AGE:
        return False
    marks = ", ".join("?" for _ in THINNED)
    store.db.run(
        "delete from event where id in (select id from (select id, row_number() over"
        " (partition by issue, what, who order by id desc) as place from event"
        f" where at >= ? and at < ? and what in ({marks})) as ranked where place > 1)",
        (day, day + DAY, *THINNED),
    )
    store.keep_setting(_UNTIL, str(day + DAY))
    return True
