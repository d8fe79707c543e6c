"""Cost and outcome of the calls of members."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Mapping, NamedTuple, Sequence

from modelhost.solution.prediction_bins import PredictionBins

OUTCOMES = ANSWERED, FAILED, NULL = "answered", "failed", "null"
DURATIONS = (0.0005, 0.0025, 0.01, 0.05, 0.25, 1.0)
"""Upper bounds, in seconds, of the buckets by which calls are counted; a last one has none."""


class MemberCall(NamedTuple):
    """One call of a member. Times are ``time.perf_counter()`` seconds of the flow's process."""

    member: str
    rows: int
    outcome: str
    """``answered``, ``failed``, or ``null``: a failure that the flow got as nulls."""
    began: float
    """When the flow handed over the rows."""
    asked_for: float
    """When the flow began to wait for the answers."""
    ended: float
    """When the flow had the answers."""
    own: float
    """Seconds that the member's model took, its input included, as its own process measured."""
    sent: float
    """When the flow went on after it handed over the rows."""
    own_began: float
    """When the member's model began; 0 if no answer came."""
    queued: float
    """Seconds that the rows waited behind an earlier call of the member."""

    def as_json(self) -> list[Any]:
        """For a header; ``MemberCall(*one)`` is the inverse."""
        return list(self)


class MemberUsage(NamedTuple):
    """The calls of one member in a batch, added up."""

    calls: list[int]
    """By the buckets of ``DURATIONS``."""
    seconds: float
    """Of the calls, from the rows to the answers."""
    own: float
    """Seconds that its model took."""
    rows: list[int]
    """By ``OUTCOMES``."""
    bins: list[int]
    """Answers by the bins of predictions; empty without bins."""


class CallUsage:
    """The calls since they were last taken."""

    def __init__(self) -> None:
        self._calls: list[MemberCall] = []
        self._seconds = 0.0
        self._counts: dict[str, list[int]] = {}
        self._absent: list[tuple[str, Any]] = []
        self.bins: Mapping[str, PredictionBins] = {}
        """Member → the bins by which its answers are counted."""

    def add(self, call: MemberCall, answers: Sequence[Any] = ()) -> None:
        """Record a call, and count its ``answers``."""
        self._calls.append(call)
        bins = self.bins.get(call.member)
        if bins is not None and answers:
            counts = bins.counts(answers)
            known = self._counts.get(call.member)
            self._counts[call.member] = (
                counts if known is None else [a + b for a, b in zip(known, counts)]
            )

    def add_absent(self, member: str, rows: Any) -> None:
        """Record rows, a frame or an array, for which a member gave no answer."""
        self._absent.append((member, rows))

    def take_absent(self) -> list[tuple[str, Any]]:
        """Members, and the rows without an answer; forgotten here."""
        absent, self._absent = self._absent, []
        return absent

    @property
    def calls(self) -> Sequence[MemberCall]:
        """The calls that are not taken yet."""
        return self._calls

    def add_run(self, seconds: float) -> None:
        """Record a run of the flow."""
        self._seconds += seconds

    def take_seconds(self) -> float:
        """The seconds of the flow's runs, which are forgotten here."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def take(self) -> list[MemberCall]:
        """The calls, which are forgotten here."""
        calls, self._calls = self._calls, []
        self._counts = {}
        return calls

    def take_sums(self) -> dict[str, MemberUsage]:
        """Member → the calls added up, which are forgotten here."""
        counts = self._counts
        sums: dict[str, MemberUsage] = {}
        for call in self.take():
            seconds = call.ended - call.began
            one = sums.get(call.member)
            if one is None:
                bins = counts.get(call.member, [])
                one = MemberUsage([0] * (len(DURATIONS) + 1), 0.0, 0.0, [0, 0, 0], bins)
            one.calls[bisect_left(DURATIONS, seconds)] += 1
            one.rows[OUTCOMES.index(call.outcome)] += call.rows
            sums[call.member] = one._replace(seconds=one.seconds + seconds, own=one.own + call.own)
        return sums
