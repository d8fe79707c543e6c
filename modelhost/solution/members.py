"""What a flow calls: its members by name, several at once, and by segment."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping, Protocol, Sequence, Union

import numpy as np

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers, nothing
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.inline_member import InlineMember
from modelhost.solution.member_process import MemberProcess
from modelhost.solution.remote_member import RemoteMember
from modelhost.solution.spec import NULL, MemberSpec, named
from modelhost.solution.usage import ANSWERED, FAILED, MemberCall, Usage
from modelhost.solution.usage import NULL as NULL_ANSWERS

Runner = Union[InlineMember, MemberProcess, RemoteMember]


class Observer(Protocol):
    """Sees the calls of members, and may answer in their place."""

    def submit(self, member: Member, rows: Any, began: float) -> Submitted:
        """As ``Member.submit``; ``began`` by ``time.perf_counter()``."""


class Members:
    """The members of a solution: ``members.NAME`` is one, ``members.route`` chooses by segment."""

    def __init__(
        self, specs: Sequence[MemberSpec], runners: Mapping[str, Runner], usage: Usage
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._members = {spec.name: Member(spec, runners[spec.name], usage, self) for spec in specs}
        self.deadline: float | None = None
        """``time.monotonic()`` after which nobody waits for the flow's answers."""
        self.observer: Observer | None = None
        """What the calls are made through while the flow is studied."""

    def __getattr__(self, name: str) -> Member:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Member:
        """A member by its name; raises ``PackageError`` for another name."""
        try:
            return self._members[name]
        except KeyError:
            known = named(tuple(self._specs.values()))
            raise PackageError(
                f"the flow: expected one of the members {known}, got {name!r}",
                "add a [[member]] of that name to package.toml, or correct the flow",
            ) from None

    def __iter__(self) -> Any:
        return iter(self._members)

    def route(self, segments: Any, members: Mapping[Any, str], default: str | None = None) -> Route:
        """Calls for each segment of rows the member that ``members`` names.

        ``segments``: an entry for each row. ``default``: the member for segments that ``members``
        lacks. Raises ``PackageError`` for a segment without a member.
        """
        chosen = {key: self[name] for key, name in members.items()}
        return Route(list(segments), chosen, None if default is None else self[default])


class Member:
    """One member; calling it hands over rows and returns their answers."""

    def __init__(self, spec: MemberSpec, runner: Runner, usage: Usage, group: Members) -> None:
        self.spec = spec
        self.runner = runner
        """What gives its answers."""
        self._usage = usage
        self._group = group

    def __call__(self, rows: Any) -> Answers:
        """The answers to ``rows``, a data frame or an array.

        Raises ``MemberInputError`` for rows that the member can't take, ``MemberRaisedError`` if
        its model raises, and ``MemberUnavailableError``. With ``on_error = "null"`` the last two
        give answers that are missing.
        """
        return self.submit(rows).result()

    def submit(self, rows: Any) -> Submitted:
        """Begin, and return at once if the member has a process of its own.

        So that members work at the same time: ``Submitted.result`` returns the answers.
        """
        began, observer = time.perf_counter(), self._group.observer
        if observer is not None:
            return observer.submit(self, rows, began)
        return self.submit_to(self.runner, rows, began)

    def submit_to(self, runner: Any, rows: Any, began: float) -> Submitted:
        """As ``submit``; ``runner`` has ``ask`` as a ``Runner`` has it."""
        waits, count = runner.ask(rows, self.until)
        if waits is None:
            empty = Predictions([], self._no_probabilities(0))
            return Submitted(self, 0, began, answers=self.as_answers(empty))
        return Submitted(self, count, began, waits=waits)

    def in_place(self, spec: MemberSpec, runner: Any) -> Member:
        """A member that the flow gets in place of this one."""
        return Member(spec, runner, self._usage, self._group)

    @property
    def until(self) -> float | None:
        """The end of the request, or of the member's own deadline if that is earlier.

        A study has none: it hands over more rows than a request.
        """
        if self._group.observer is not None:
            return None
        own = None if self.spec.deadline is None else time.monotonic() + self.spec.deadline
        ends = [one for one in (own, self._group.deadline) if one is not None]
        return min(ends, default=None)

    @property
    def state(self) -> str:
        """``ready``, or why its process is not."""
        return self.runner.state

    @property
    def process_id(self) -> int | None:
        """That of its own process; None if it has none, or none that runs."""
        return self.runner.process_id

    def close(self) -> None:
        """End its process."""
        self.runner.close()

    def as_answers(self, found: Predictions) -> Answers:
        """``found`` as the flow gets it."""
        names = [one.name for one in self.spec.outputs] if len(self.spec.outputs) > 1 else []
        return Answers(self.spec.name, found, self.runner.classes, names)

    def missing(self, rows: int) -> Answers:
        """Answers that are missing."""
        classes = self.runner.classes if self.runner.has_probabilities else None
        return nothing(self.spec.name, rows, classes, [one.name for one in self.spec.outputs])

    def record(self, call: MemberCall, answers: Sequence[Any] = ()) -> None:
        """Count a call and its answers."""
        self._usage.add(call, answers)

    def _no_probabilities(self, rows: int) -> Any:
        if not self.runner.has_probabilities:
            return None
        return np.zeros((rows, len(self.runner.classes or ())))


class Submitted:
    """A call that has begun."""

    def __init__(
        self,
        member: Member,
        rows: int,
        began: float,
        *,
        waits: Any = None,
        answers: Answers | None = None,
    ) -> None:
        self._member = member
        self._rows = rows
        self._began = began
        self._waits = waits
        self._answers = answers
        self._sent = time.perf_counter()

    def result(self) -> Answers:
        """The answers; raises as the call of a member does. Later calls return the same."""
        if self._answers is None:
            self._answers = self._wait()
        return self._answers

    def _wait(self) -> Answers:
        asked_for = time.perf_counter()
        try:
            found = self._waits.wait()
        except (MemberUnavailableError, MemberRaisedError):
            if self._member.spec.on_error != NULL:
                self._record(FAILED, asked_for)
                raise
            self._record(NULL_ANSWERS, asked_for)
            return self._member.missing(self._rows)
        self._record(ANSWERED, asked_for, found.labels)
        return self._member.as_answers(found)

    def _record(self, outcome: str, asked_for: float, answers: Sequence[Any] = ()) -> None:
        ended, name = time.perf_counter(), self._member.spec.name
        waits = self._waits
        self._member.record(
            MemberCall(
                name,
                self._rows,
                outcome,
                self._began,
                asked_for,
                ended,
                waits.own,
                self._sent,
                waits.own_began,
                waits.queued,
            ),
            answers,
        )


class Route:
    """Calls one member for each segment of the rows."""

    def __init__(
        self, segments: list[Any], members: Mapping[Any, Member], default: Member | None
    ) -> None:
        self._segments = segments
        self._members = members
        self._default = default

    def __call__(self, rows: Any) -> Answers:
        """The answers to ``rows`` in their order; the members of all segments work at once."""
        if len(rows) != len(self._segments):
            raise PackageError(
                f"route: expected one segment for each of {len(rows)} rows, got"
                f" {len(self._segments)}",
                "hand it the rows that the segments belong to",
            )
        places: dict[str, list[int]] = {}
        chosen: dict[str, Member] = {}
        for place, segment in enumerate(self._segments):
            member = self._members.get(segment, self._default)
            if member is None:
                raise PackageError(
                    f"route: expected one of the segments"
                    f" {', '.join(map(repr, self._members))}, got {segment!r}",
                    "add it to the mapping, or name a default member",
                )
            chosen[member.spec.name] = member
            places.setdefault(member.spec.name, []).append(place)
        take: Callable[[list[int]], Any] = (
            (lambda at: rows[at]) if isinstance(rows, np.ndarray) else (lambda at: rows.iloc[at])
        )
        begun = {name: member.submit(take(places[name])) for name, member in chosen.items()}
        return _merged({name: one.result() for name, one in begun.items()}, places, len(rows))


def _merged(parts: Mapping[str, Answers], places: Mapping[str, list[int]], rows: int) -> Answers:
    """Answers of several members in the order of the rows.

    Probabilities are kept if all parts have them, of the same classes.
    """
    labels: list[Any] = [None] * rows
    for name, answers in parts.items():
        for place, label in zip(places[name], answers.found.labels):
            labels[place] = label
    classes = {one.classes for one in parts.values()}
    whole = len(classes) == 1 and all(one.has_probabilities for one in parts.values())
    if not whole:
        return Answers("route", Predictions(labels, None))
    (known,) = classes
    chances = np.full((rows, len(known or ())), np.nan)
    for name, answers in parts.items():
        chances[places[name]] = answers.probabilities
    return Answers("route", Predictions(labels, chances), known)
