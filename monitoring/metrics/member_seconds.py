"""The time of a solution's flow by part, as counters of seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.metrics.registry import Series, label


class MemberSeconds:
    """Seconds of each member by part, and those of the flow itself."""

    def __init__(self, series: Series, members: Sequence[str], parts: Sequence[str]) -> None:
        """Create every series at 0."""
        counter = series.counter(
            "model_member_seconds_total",
            "Time of a solution's flow that a member takes; overlapped is none of it.",
            "member",
            "part",
        )
        self._parts = {
            (member, part): counter.labels(*series.common, label(member), part)
            for member in members
            for part in parts
        }
        self._flow = series.counter(
            "model_flow_seconds_total", "Time of a solution's flow that no member takes."
        ).labels(*series.common)

    def add(self, members: Mapping[str, Mapping[str, float]], flow: float) -> None:
        """Add the seconds of members by part, and the flow's own."""
        for member, parts in members.items():
            for part, seconds in parts.items():
                if seconds > 0:
                    self._parts[member, part].inc(seconds)
        self._flow.inc(flow)
