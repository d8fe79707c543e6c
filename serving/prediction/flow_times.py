"""Counts where the time of a solution's flow goes, as its process reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhost.solution.time_split import PARTS, split_times
from modelhost.solution.usage import MemberCall
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
        """Count the calls in the header of an answer.

        Raises ``TypeError``, ``KeyError`` or ``ValueError`` for another form, which a model could
        have sent.
        """
        if "calls" not in header:
            return  # the answer to another request of the batch has them
        calls = [MemberCall(*one) for one in header["calls"]]
        members, flow = split_times(calls, float(header["flow_seconds"]))
        if strange := members.keys() - self._known:
            raise ValueError(f"expected members of the solution, got {sorted(strange)}")
        self._seconds.add({name: times._asdict() for name, times in members.items()}, flow)
