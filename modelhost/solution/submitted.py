"""A call of a member that has begun, and how it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Sequence

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.partial_answers import answers_in_parts, taken
from modelhost.solution.usage import ANSWERED, FAILED, MemberCall
from modelhost.solution.usage import NULL as NULL_ANSWERS

if TYPE_CHECKING:
    from modelhost.solution.members import Member


class WithheldCall:
    """A call that is not made, because the member gave no answer a moment ago."""

    own = own_began = queued = 0.0

    def __init__(self, error: MemberUnavailableError) -> None:
        self._error = error

    def wait(self) -> Predictions:
        """Raise why."""
        raise self._error


class SubmittedCall:
    """A call that has begun."""

    def __init__(
        self,
        member: Member,
        rows: Any,
        began: float,
        *,
        waits: Any = None,
        answers: Answers | None = None,
        again: Callable[[Any], Predictions] | None = None,
    ) -> None:
        """``waits``: gives the answers; ``again``: asks for some of the rows once more."""
        self._member = member
        self._rows = rows
        self._began = began
        self._waits = waits
        self._again = again
        self._answers = answers
        self._error: PackageError | None = None
        self._sent = time.perf_counter()

    def result(self) -> Answers:
        """The answers; raises as the call of a member does. Later calls do the same."""
        if self._error is not None:
            raise self._error
        if self._answers is None:
            try:
                self._answers = self._wait()
            except PackageError as error:
                self._error = error
                raise
        return self._answers

    def _wait(self) -> Answers:
        asked_for, count, member = time.perf_counter(), len(self._rows), self._member
        try:
            try:
                predictions = self._waits.wait()
            except MemberRaisedError:
                if not member.nulls or self._again is None:
                    raise
                return self._parts(asked_for)
        except (MemberUnavailableError, MemberRaisedError) as error:
            if isinstance(error, MemberRaisedError) or not member.nulls_while_away:
                self._record(FAILED, count, asked_for)
                raise
            self._record(NULL_ANSWERS, count, asked_for)
            member.record_absent(self._rows)
            return member.missing(count)
        self._record(ANSWERED, count, asked_for, predictions.labels)
        return member.as_answers(predictions)

    def _parts(self, asked_for: float) -> Answers:
        """The answers to the rows on which the model does not raise."""
        assert self._again is not None
        answers = self._member.missing(0)
        width = len(answers.classes or ()) if answers.has_probabilities else None
        predictions = answers_in_parts(self._again, self._rows, width)
        known = [label for label in predictions.labels if label is not None]
        self._record(ANSWERED, len(known), asked_for, known)
        self._record(NULL_ANSWERS, len(predictions.labels) - len(known), time.perf_counter())
        absent = [index for index, label in enumerate(predictions.labels) if label is None]
        self._member.record_absent(taken(self._rows, absent))
        return self._member.as_answers(predictions)

    def _record(
        self, outcome: str, rows: int, asked_for: float, answers: Sequence[Any] = ()
    ) -> None:
        ended, waits, member = time.perf_counter(), self._waits, self._member
        own, own_began, queued = waits.own, waits.own_began, waits.queued
        times = (self._began, asked_for, ended, own, self._sent, own_began, queued)
        member.record(MemberCall(member.spec.name, rows, outcome, *times), answers)
