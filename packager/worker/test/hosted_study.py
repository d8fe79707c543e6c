"""A solution in a process of the model host, studied: runs with some members replaced."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from modelhost.prediction_messages import (
    decode_predictions,
    decode_received,
    encode_predictions,
)
from modelhost.predictions import Predictions
from modelhost.solution.spec import MemberSpec
from modelhost.wire import Buffer, Message
from packager.errors import PackageError
from packager.model.hosted_model import HostedModel
from packager.model.readable_answers import readable_answer

if TYPE_CHECKING:
    import pandas as pd


class StudiedMember(NamedTuple):
    """A member as its process has loaded it."""

    spec: MemberSpec
    classes: tuple[Any, ...] | None
    has_probabilities: bool

    def as_json(self) -> dict[str, Any]:
        """``StudiedMember.read`` is the inverse."""
        return {**self._asdict(), "spec": self.spec.as_json()}

    @classmethod
    def read(cls, encoded: Mapping[str, Any]) -> StudiedMember:
        """From ``as_json``."""
        classes = encoded["classes"]
        known = None if classes is None else tuple(classes)
        return cls(MemberSpec.read(encoded["spec"]), known, encoded["has_probabilities"])


class ReceivedRows(NamedTuple):
    """A call of a member: the indices of its rows among those of the study, and its answers."""

    member: str
    indices: list[int]
    predictions: Predictions


class Question(NamedTuple):
    """Rows that a member of another release has to answer."""

    member: str
    digest: str
    rows: int
    columns: list[dict[str, Any]]
    """As messages describe them."""
    buffers: list[bytes]


@dataclass
class OtherAnswers:
    """A member of another release, and its answers by the digest of the rows."""

    member: StudiedMember
    answers: dict[str, Predictions] = field(default_factory=dict)


class UnansweredRowsError(Exception):
    """A run needs answers of a member of another release."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.member)
        self.question = question


class HostedStudy:
    """Runs of a solution on the same rows; one study of a process at a time."""

    def __init__(
        self,
        model: HostedModel,
        rows: pd.DataFrame,
        truth: Mapping[str, Sequence[Any]],
        others: Sequence[OtherAnswers] = (),
    ) -> None:
        """``rows``: the features; ``truth``: member → its right answers, None for unknown ones.

        Raises ``PackageError`` for right answers that the member can't give.
        """
        from packager.model.frame_columns import frame_header

        header, buffers = frame_header(rows)
        known, more = _encoded(others)
        own = {"verb": "study", "model": model.number, "truth": dict(truth)}
        own |= {"others": known, "after": len(buffers)}
        self._model = model
        answer = model.send(Message({**header, **own}, [*buffers, *more]))
        self._rows = len(rows)
        self._received: list[ReceivedRows] = []
        self._repeated: frozenset[str] = frozenset()
        self.by_confidence = False
        """Whether the flow asks members about rows of which another one is not sure."""
        with readable_answer():
            read = [StudiedMember.read(one) for one in answer.header["members"]]
        self.members = {one.spec.name: one for one in read}

    def run(
        self,
        replaced: Collection[str] = (),
        swapped: Collection[str] = (),
        *,
        received: bool = False,
    ) -> Predictions:
        """The answers of the solution with the right answers of ``replaced``.

        ``swapped``: members that are those of the other release; ``received``: whether to fetch
        the calls that members answered. Raises ``UnansweredRowsError`` if
        these have to be asked, and ``PackageError`` as ``HostedModel.predict``.
        """
        header: dict[str, Any] = {"verb": "rerun", "received": received}
        header |= {"replaced": list(replaced), "swapped": list(swapped)}
        answer = self._model.send(Message(header))
        with readable_answer():
            if "unanswered" in answer.header:
                raise UnansweredRowsError(_question(answer))
            own = answer.buffers[: answer.header["own"]]
            self._repeated = frozenset(map(str, answer.header["repeated"]))
            self.by_confidence = bool(answer.header["by_confidence"])
            if received:
                self._received = [ReceivedRows(*one) for one in decode_received(answer)]
            return self._model.predictions(Message(answer.header, own), self._rows)

    @property
    def received(self) -> list[ReceivedRows]:
        """The calls that a member answered in the last run that fetched them."""
        return self._received

    @property
    def repeated(self) -> frozenset[str]:
        """The members that one of the runs so far called for a row more than once."""
        return self._repeated


def predict_member(model: HostedModel, question: Question) -> Predictions:
    """The answers of a member of ``model``; raises ``PackageError``."""
    header = {"verb": "answer", "model": model.number, "member": question.member}
    header |= {"rows": question.rows, "columns": question.columns}
    answer = model.send(Message(header, question.buffers))
    with readable_answer():
        return decode_predictions(answer)


def _question(answer: Message) -> Question:
    unanswered = answer.header["unanswered"]
    if not isinstance(unanswered["member"], str):
        raise PackageError(f"expected the name of a member, got {unanswered['member']!r}")
    buffers = [bytes(buffer) for buffer in answer.buffers]
    return Question(
        unanswered["member"],
        unanswered["digest"],
        unanswered["rows"],
        unanswered["columns"],
        buffers,
    )


def _encoded(others: Sequence[OtherAnswers]) -> tuple[list[dict[str, Any]], list[Buffer]]:
    encoded, buffers = [], list[Buffer]()
    for other in others:
        answers = []
        for digest, predictions in other.answers.items():
            header, more = encode_predictions(predictions)
            answers.append([digest, header, len(more)])
            buffers += more
        encoded.append({**other.member.as_json(), "answers": answers})
    return encoded, buffers
