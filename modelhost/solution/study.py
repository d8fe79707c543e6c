"""Runs of a flow on the same rows, with some members replaced, to measure what each one costs.

A member is replaced by itself without its errors, or by the member of another release, whose
answers another process gives: the run ends with the rows that it has to answer.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Collection, Mapping, NamedTuple, Sequence

from modelhost.columns import EncodedColumns
from modelhost.model import LoadedModel
from modelhost.predictions import Predictions, is_frame
from modelhost.solution.flow import Flow
from modelhost.solution.kept_answers import KeptAnswers
from modelhost.solution.member_input import encoded_columns, member_columns
from modelhost.solution.members import Member
from modelhost.solution.replacement import Replacement, StudiedRows, right_answers
from modelhost.solution.spec import MemberSpec
from modelhost.solution.submitted import SubmittedCall

FIRST = 1_000_003
"""The first label of a study's rows: rows that the flow has renumbered don't pass for others."""


class StudiedCall(NamedTuple):
    """A call of a member."""

    member: str
    indices: list[int]
    """Of the rows that it got, among those of the study."""
    predictions: Predictions


class UnansweredError(BaseException):
    """A member of another release has to answer rows; no ``except Exception`` of a flow sees it."""

    def __init__(self, member: str, digest: str, columns: EncodedColumns) -> None:
        """``digest``: of ``columns``, the rows as the member gets them."""
        super().__init__(member)
        self.member = member
        self.digest = digest
        self.columns = columns


class OtherMember:
    """A member of another release, as the runner of this one's flow."""

    def __init__(self, encoded: Mapping[str, Any], answers: Mapping[str, Predictions]) -> None:
        """``encoded``: ``spec``, ``classes`` and ``has_probabilities``; ``answers``: by digest."""
        self.spec = MemberSpec.read(encoded["spec"])
        classes = encoded["classes"]
        self.classes = None if classes is None else tuple(classes)
        self.has_probabilities = bool(encoded["has_probabilities"])
        self.answers = answers


class Study:
    """Runs on the same rows; a member that gets the same rows again is not asked again."""

    def __init__(
        self,
        model: LoadedModel,
        rows: Any,
        specs: Sequence[Any],
        truth: Mapping[str, Sequence[Any]],
        others: Sequence[OtherMember] = (),
    ) -> None:
        """``rows``: a frame or an array. ``truth``: member → its right answers, None for unknown.

        Raises ``PackageError`` for right answers that the member can't give.
        """
        assert isinstance(model.native, Flow)
        self._flow = model.native
        self._model = model
        self._specs = specs
        self._studied = StudiedRows(len(rows), FIRST)
        self._rows = self._labelled(rows)
        self._known = {name: self._replacement(name, right) for name, right in truth.items()}
        self._others = {other.spec.name: other for other in others}
        self._learned = False
        self._kept = KeptAnswers()
        self._calls: dict[tuple[str, int], str] = {}
        self._replaced: Collection[str] = ()
        self._swapped: Collection[str] = ()
        self.received: list[StudiedCall] = []
        """The calls of the last run that a member answered."""
        self.by_confidence = False
        """Whether the flow asks members about rows of which another one is not sure."""
        self.repeated: set[str] = set()
        """The members that a run called for a row more than once, with other rows than before."""

    def run(self, replaced: Collection[str] = (), swapped: Collection[str] = ()) -> Predictions:
        """The answers of the solution.

        ``replaced``: members without their own errors (``Replacement``); ``swapped``: those in
        whose place the other release's answer. Raises ``UnansweredError`` if one of these has to
        be asked, and as the model.
        """
        if replaced and not self._learned:
            self._learned = True
            self._learn()
        self._replaced, self._swapped = replaced, swapped
        self.received = []
        self._calls = {}
        self._flow.members.observer = self
        try:
            return self._model.predict(self._rows, self._specs)
        finally:
            self._flow.members.observer = None
            self._flow.take_calls()

    def submit(self, member: Member, rows: Any, began: float) -> SubmittedCall:
        """As ``Member.submit``."""
        own = self._own(member, rows, began)
        if member.spec.name not in self._replaced:
            return own
        corrected = self._known[member.spec.name].corrected(rows, own.result())
        return SubmittedCall(member, rows, began, answers=corrected)

    def _own(self, member: Member, rows: Any, began: float) -> SubmittedCall:
        name = member.spec.name
        indices = self._studied.indices(rows, name)
        other = self._others[name] if name in self._swapped else None
        if other is not None:
            member = member.in_place(other.spec, other)
        return member.submit_to(_Observed(self, member, indices, other), rows, began)

    def _learn(self) -> None:
        """The usual answers, and whether right labels are certain.

        They keep the member's own confidence if the flow asks others about other rows then.
        """
        certain, usual = self._usual_run(certain=True)
        if any(one.has_probabilities for one in self._known.values()):
            self.by_confidence = self._usual_run(certain=False)[0] != certain
            for name, one in self._known.items():
                one.is_certain = not self.by_confidence
                one.usual = one.usual if self.by_confidence else usual[name]

    def _usual_run(self, *, certain: bool) -> tuple[Any, Mapping[str, dict[int, Any]]]:
        """A run with all right: member → the rows it was asked about, and its usual answers."""
        for one in self._known.values():
            one.learns, one.is_certain, one.usual = True, certain, {}
        self.run(self._known)
        asked: dict[str, set[int]] = {}
        for call in self.received:
            asked.setdefault(call.member, set()).update(call.indices)
        for one in self._known.values():
            one.learns = False
        return asked, {name: one.usual for name, one in self._known.items()}

    @property
    def earlier(self) -> KeptAnswers:
        """Answers of this release's members to rows that they were asked before."""
        return self._kept

    def called(self, member: str, indices: Sequence[int], digest: str) -> None:
        """Note a call of a member for the rows at ``indices``; ``digest``: of the rows.

        The same call again has the same answers, and is none more.
        """
        for index in indices:
            if self._calls.setdefault((member, index), digest) != digest:
                self.repeated.add(member)

    def _labelled(self, rows: Any) -> Any:
        if not is_frame(rows):
            return rows
        import pandas as pd

        first = self._studied.first
        return rows.set_axis(pd.RangeIndex(first, first + len(rows)))

    def _replacement(self, name: str, truth: Sequence[Any]) -> Replacement:
        member = self._flow.members[name]
        runner = member.runner
        right = right_answers(member.spec, truth, runner.classes, chances=runner.has_probabilities)
        return Replacement(member.spec, self._studied, right)


class _Observed:
    """A runner of one call, which keeps answers and records which rows they are for."""

    def __init__(
        self, study: Study, member: Member, indices: list[int], other: OtherMember | None
    ) -> None:
        self._study = study
        self._member = member
        self._indices = indices
        self._other = other

    def submit(self, rows: Any, until: float | None) -> tuple[_Answer | None, int]:
        columns, count = member_columns(rows, self._member.spec)
        if not count:
            return None, 0
        encoded = encoded_columns(columns, self._member.spec.features, count)
        name, digest = self._member.spec.name, digest_of(encoded)
        self._study.called(name, self._indices, digest)
        if self._other is None:
            predictions = self._study.earlier.find(name, digest)
        else:
            predictions = self._other.answers.get(digest)
            if predictions is None:
                raise UnansweredError(name, digest, encoded)
        waits = None if predictions is not None else self._member.runner.submit(rows, until)[0]
        return _Answer(self, predictions, waits, digest), count

    def answered(self, predictions: Predictions, digest: str) -> None:
        if self._other is None:
            self._study.earlier.keep(self._member.spec.name, digest, predictions)
        self._study.received.append(StudiedCall(self._member.spec.name, self._indices, predictions))


class _Answer:
    """The outcome of a call: known, or to be waited for."""

    def __init__(
        self,
        observed: _Observed,
        predictions: Predictions | None,
        waits: Any,
        digest: str,
    ) -> None:
        self._observed = observed
        self._predictions = predictions
        self._waits = waits
        self._digest = digest
        self.own = self.own_began = self.queued = 0.0  # a study measures no time

    def wait(self) -> Predictions:
        predictions: Predictions = (
            self._waits.wait() if self._predictions is None else self._predictions
        )
        self._observed.answered(predictions, self._digest)
        return predictions


def digest_of(columns: EncodedColumns) -> str:
    """sha256 of rows as a message has them."""
    digest = hashlib.sha256(json.dumps([columns.rows, columns.described]).encode())
    for buffer in columns.buffers:
        digest.update(buffer)
    return digest.hexdigest()
