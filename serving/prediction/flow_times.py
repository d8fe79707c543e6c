"""Counts where the time of a solution's flow goes, as its process reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhost.solution.time_split import PARTS
from monitoring.metrics.member_seconds import MemberSeconds
from monitoring.metrics.registry import Series
from packager.manifest.solution import Solution


class FlowTimes:
    """The counters of one solution."""

    def __init__(self, series: Series, solution: Solution) -> None:
        names = [member.name for member in solution.members]
        self._seconds = MemberSeconds(series, names, PARTS)
        self._known = {*names}

    def count(self, header: Mapping[str, Any]) -> None:
        """Count the ``times`` in the header of an answer.

        Raises ``ValueError`` for another form, which a model could have sent.
        """
        if "times" not in header:
            return  # the answer to another request of the batch has them
        times = header["times"]
        members, flow = times["members"], times["flow"]
        if not (members.keys() <= self._known and _seconds(flow)):
            raise ValueError("expected seconds of the flow and of the solution's members")
        if not all(
            len(member) == len(PARTS) and all(map(_seconds, member)) for member in members.values()
        ):
            raise ValueError(f"expected seconds of {', '.join(PARTS)}")
        named = {name: dict(zip(PARTS, one, strict=True)) for name, one in members.items()}
        self._seconds.add(named, flow)


def _seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < float("inf")
