"""The metrics of a solution's members: at most ``MAX_SERIES`` series each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitoring.metrics.registry import BufferedHistogram, Counter, Series, label

MAX_BINS = 6
"""Bins of a member's predictions; each has a counter and a gauge."""
MAX_SERIES = 30
"""Of one member, with the four of ``member_seconds``."""
OUTCOMES = ("answered", "failed", "null")


@dataclass(frozen=True)
class MeasuredMember:
    """A member that metrics describe."""

    name: str
    bins: Sequence[str] = ()
    """Names of the bins of its predictions; empty if they are not counted."""
    reference: Sequence[int] = ()
    """Rows of its own package's profile in each."""


@dataclass(frozen=True)
class MeasuredMembers:
    """The members of a solution; none of another package."""

    members: Sequence[MeasuredMember] = ()
    durations: Sequence[float] = (1.0,)
    """Upper bounds, in seconds, of the buckets of calls; a last bucket has none."""


class MemberCounts(NamedTuple):
    """The increments for one member."""

    calls: Sequence[int]
    """By bucket of duration."""
    seconds: float
    """Of the calls."""
    own: float
    """Seconds that its model took."""
    rows: Sequence[int]
    """By ``OUTCOMES``."""
    bins: Sequence[int]
    """Answers by bin; empty if they are not counted."""


class MemberMetrics:
    """The series of the members of one package version in this process."""

    def __init__(self, series: Series, measured: MeasuredMembers) -> None:
        """Create every series at 0; without members, none."""
        self._members: dict[str, _Member] = {}
        if not measured.members:
            return
        calls = series.histogram(
            "model_member_duration_seconds",
            "Time of a call of a member, from its rows to its answers.",
            measured.durations,
            "member",
        )
        rows = series.counter(
            "model_member_rows_total", "Rows of calls, by how they ended.", "member", "outcome"
        )
        own = series.counter(
            "model_member_own_seconds_total", "Time that the member's model took.", "member"
        )
        self._ready = series.gauge(
            "model_member_ready", "Sets of members in which this one is ready.", "member"
        )
        observed = series.counter(
            "model_member_predictions_total", "Answers of a member in a bin.", "member", "bin"
        )
        reference = series.gauge(
            "model_member_reference_rows",
            "Rows in a bin, of the profile of the member's package.",
            "member",
            "bin",
        )
        for member in measured.members:
            name = label(member.name)
            for text, count in zip(member.bins, member.reference, strict=True):
                reference(member.name, text, count)
            self._members[member.name] = _Member(
                calls(name),
                [rows.labels(*series.common, name, outcome) for outcome in OUTCOMES],
                own.labels(*series.common, name),
                [observed.labels(*series.common, name, label(text)) for text in member.bins],
            )
            self.set_ready(member.name, 0)

    @property
    def names(self) -> Sequence[str]:
        """The members."""
        return [*self._members]

    def add(self, counts: Mapping[str, MemberCounts]) -> None:
        """Add the calls of a batch; raises ``ValueError`` for others than these members' counts."""
        if not counts.keys() <= self._members.keys():
            raise ValueError("expected counts of the solution's members")
        for name, member_counts in counts.items():
            self._members[name].check(member_counts)
        for name, member_counts in counts.items():
            self._members[name].add(member_counts)

    def set_ready(self, member: str, sets: int) -> None:
        """Set in how many sets of members, one for each model process, ``member`` is ready."""
        self._ready(member, sets)


class _Member:
    """The series of one member."""

    def __init__(
        self,
        calls: BufferedHistogram,
        rows: Sequence[Counter],
        own: Counter,
        bins: Sequence[Counter],
    ) -> None:
        self._calls = calls
        self._rows = rows
        self._own = own
        self._bins = bins

    def check(self, member_counts: MemberCounts) -> None:
        """Raise ``ValueError`` for counts of another form."""
        whole = [*member_counts.calls, *member_counts.rows, *member_counts.bins]
        sizes = len(member_counts.calls), len(member_counts.rows)
        if (
            sizes != (self._calls.buckets, len(OUTCOMES))
            or len(member_counts.bins) not in (0, len(self._bins))
            or not all(type(one) is int and one >= 0 for one in whole)
            or not all(
                type(one) in (int, float) and one >= 0
                for one in (member_counts.seconds, member_counts.own)
            )
        ):
            raise ValueError("expected counts of a member's calls")

    def add(self, member_counts: MemberCounts) -> None:
        """Add checked counts."""
        self._calls.add(member_counts.calls, member_counts.seconds)
        for counters, counts in (
            (self._rows, member_counts.rows),
            (self._bins, member_counts.bins),
        ):
            for counter, count in zip(counters, counts, strict=False):  # there may be no bins
                if count:
                    counter.inc(count)
        self._own.inc(member_counts.own)
