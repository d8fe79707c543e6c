"""The members that a flow calls: by name, several at once, and by segment."""

from __future__ import annotations

import time
from typing import Any, Mapping, Protocol, Sequence, Union

import numpy as np

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers, nothing
from modelhost.solution.errors import MemberUnavailableError
from modelhost.solution.inline_member import InlineMember
from modelhost.solution.member_process import MemberProcess
from modelhost.solution.remote_member import RemoteMember
from modelhost.solution.route import Route
from modelhost.solution.spec import NULL, MemberSpec, named
from modelhost.solution.submitted import SubmittedCall, WithheldCall
from modelhost.solution.usage import CallUsage, MemberCall

Runner = Union[InlineMember, MemberProcess, RemoteMember]


class Observer(Protocol):
    """Sees the calls of members, and may answer in their place."""

    def submit(self, member: Member, rows: Any, began: float) -> SubmittedCall:
        """As ``Member.submit``; ``began`` by ``time.perf_counter()``."""


class Members:
    """The members of a solution: ``members.NAME`` is one, ``members.route`` chooses by segment."""

    def __init__(
        self, specs: Sequence[MemberSpec], runners: Mapping[str, Runner], usage: CallUsage
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._members = {spec.name: Member(spec, runners[spec.name], usage, self) for spec in specs}
        self.deadline: float | None = None
        """``time.monotonic()`` after which nobody waits for the flow's answers."""
        self.serving = False
        """Whether requests are answered: else members have no deadline, and must be available."""
        self.withheld: dict[str, MemberUnavailableError] = {}
        """Members that are not asked any more for this batch, and why."""
        self.observer: Observer | None = None
        """Records the calls while the flow is studied."""

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
        routed = {key: self[name] for key, name in members.items()}
        return Route(list(segments), routed, None if default is None else self[default])


class Member:
    """One member; calling it hands over rows and returns their answers."""

    def __init__(self, spec: MemberSpec, runner: Runner, usage: CallUsage, group: Members) -> None:
        self.spec = spec
        self.runner = runner
        """Runs the member."""
        self._usage = usage
        self._group = group

    def __call__(self, rows: Any) -> Answers:
        """The answers to ``rows``, a data frame or an array.

        Raises ``MemberInputError`` for rows that the member can't take, ``MemberRaisedError`` if
        its model raises, and ``MemberUnavailableError``. With ``on_error = "null"`` the last two
        give answers that are missing.
        """
        return self.submit(rows).result()

    def submit(self, rows: Any) -> SubmittedCall:
        """Begin, and return at once if the member has a process of its own.

        So that members work at the same time: ``SubmittedCall.result`` returns the answers.
        """
        began, observer = time.perf_counter(), self._group.observer
        if observer is not None:
            return observer.submit(self, rows, began)
        return self.submit_to(self.runner, rows, began)

    def submit_to(self, runner: Any, rows: Any, began: float) -> SubmittedCall:
        """As ``submit``; ``runner`` has ``ask`` as a ``Runner`` has it."""
        withheld = self._group.withheld.get(self.spec.name)
        if withheld is not None:
            return SubmittedCall(self, rows, began, waits=WithheldCall(withheld))
        empty = hasattr(rows, "__len__") and not len(rows)
        waits = None if empty else runner.submit(rows, self.until)[0]
        if waits is None:
            none = Predictions([], self._no_probabilities(0))
            return SubmittedCall(self, rows, began, answers=self.as_answers(none))

        def again(some: Any) -> Predictions:
            predictions: Predictions = runner.submit(some, self.until)[0].wait()
            return predictions

        return SubmittedCall(self, rows, began, waits=waits, again=again)

    def in_place(self, spec: MemberSpec, runner: Any) -> Member:
        """A member that the flow gets in place of this one."""
        return Member(spec, runner, self._usage, self._group)

    @property
    def until(self) -> float | None:
        """The end of the request, or of the member's own deadline if that is earlier.

        Without requests, as in a build or a test, there is none: more rows are handed over.
        """
        if not self._group.serving:
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
        """The identifier of its own process; None if it has none, or none that runs."""
        return self.runner.process_id

    def close(self) -> None:
        """End its process."""
        self.runner.close()

    def as_answers(self, predictions: Predictions) -> Answers:
        """``predictions`` as the flow gets it."""
        return Answers(self.spec.name, predictions, self.runner.classes, self.names)

    def missing(self, rows: int) -> Answers:
        """Answers that are missing."""
        classes = self.runner.classes if self.runner.has_probabilities else None
        return nothing(self.spec.name, rows, classes, self.names)

    @property
    def names(self) -> list[str]:
        """Of its outputs, if it has several."""
        return [output.name for output in self.spec.outputs] if len(self.spec.outputs) > 1 else []

    @property
    def nulls(self) -> bool:
        """Whether the flow gets missing answers in place of an exception of its model."""
        return self.spec.on_error == NULL

    @property
    def nulls_while_away(self) -> bool:
        """Whether it gets them while the member is not available, too.

        Not in a build, a test or a table: results must not depend on such an event.
        """
        return self.nulls and self._group.serving

    def record(self, call: MemberCall, answers: Sequence[Any] = ()) -> None:
        """Count a call and its answers."""
        self._usage.add(call, answers)

    def record_absent(self, rows: Any) -> None:
        """Remember rows for which the flow gets missing answers."""
        self._usage.add_absent(self.spec.name, rows)

    def _no_probabilities(self, rows: int) -> Any:
        if not self.runner.has_probabilities:
            return None
        return np.zeros((rows, len(self.runner.classes or ())))
