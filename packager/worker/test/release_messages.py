"""Files of messages that the workers of two releases of a solution exchange through the host.

A flow runs in its own release; a member of the other release answers there, in its own environment,
so that two releases with conflicting dependencies can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelhost.prediction_messages import decode_predictions, encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Buffer, Message, MessageDecoder, WireError, encoded
from packager.model.readable_answers import readable_answer
from packager.worker.test.hosted_study import OtherAnswers, Question, StudiedMember

FILE = "release.bin"
Answered = dict[tuple[str, str], Predictions]
"""Member and digest of the rows → its answers."""


@dataclass(frozen=True)
class ReleaseJob:
    """Answer questions of the other release, then run the flow with members swapped."""

    source: str
    """The file below the folder of new data."""
    shown: str
    """The data as named on the command line."""
    questions: Sequence[Question] = ()
    others: Sequence[OtherAnswers] = ()
    runs: Sequence[tuple[str, ...]] = ()
    """Members that are the other release's in each run."""

    def dump(self) -> bytes:
        """``ReleaseJob.load`` is the inverse."""
        pack = _Pack()
        header = {
            "source": self.source,
            "shown": self.shown,
            "runs": [list(run) for run in self.runs],
            "questions": [_question(question, pack) for question in self.questions],
            "others": [
                {
                    "member": other.member.as_json(),
                    "answers": [
                        [key, *pack.put(predictions)] for key, predictions in other.answers.items()
                    ],
                }
                for other in self.others
            ],
        }
        return pack.dump(header)

    @classmethod
    def load(cls, path: Path) -> ReleaseJob:
        """From the file at ``path``; raises ``PackageError``."""
        with readable_answer():
            header, pack = _Pack.load(path)
            return cls(
                header["source"],
                header["shown"],
                [_read_question(one, pack) for one in header["questions"]],
                [
                    OtherAnswers(
                        StudiedMember.read(one["member"]),
                        {key: pack.get(array_span) for key, *array_span in one["answers"]},
                    )
                    for one in header["others"]
                ],
                [tuple(one) for one in header["runs"]],
            )


@dataclass(frozen=True)
class StudiedData:
    """The rows as one release reads them, n of them."""

    indices: list[int]
    """The position of each in the data."""
    truth: list[Any]
    """The right answer of each, None without one; empty if the data have no target."""
    groups: list[int] | None
    """Of each, by ``[test] groups``."""
    masks: Mapping[str, list[int]]
    """Declared slice → the rows that are in it."""


@dataclass(frozen=True)
class ReleaseResult:
    """The results of a worker."""

    rows: StudiedData
    members: Sequence[StudiedMember]
    losses: Mapping[str, tuple[list[int], list[float]]]
    """Member → the rows it received that have a right answer, and its loss on each."""
    answers: Answered = field(default_factory=dict)
    """To the questions."""
    runs: Mapping[tuple[str, ...], Predictions] = field(default_factory=dict)
    """The runs that completed."""
    open: Sequence[Question] = ()
    """The questions for the other runs."""

    def dump(self) -> bytes:
        """``ReleaseResult.load`` is the inverse."""
        pack = _Pack()
        header = {
            "rows": {**vars(self.rows)},
            "members": [member.as_json() for member in self.members],
            "losses": dict(self.losses),
            "answers": [
                [*key, *pack.put(predictions)] for key, predictions in self.answers.items()
            ],
            "runs": [[list(key), *pack.put(predictions)] for key, predictions in self.runs.items()],
            "open": [_question(one, pack) for one in self.open],
        }
        return pack.dump(header)

    @classmethod
    def load(cls, path: Path) -> ReleaseResult:
        """From a file, which code of a package may have written; raises ``PackageError``."""
        with readable_answer():
            header, pack = _Pack.load(path)
            return cls(
                StudiedData(**header["rows"]),
                [StudiedMember.read(one) for one in header["members"]],
                {name: (one[0], one[1]) for name, one in header["losses"].items()},
                {(name, key): pack.get(array_span) for name, key, *array_span in header["answers"]},
                {tuple(key): pack.get(array_span) for key, *array_span in header["runs"]},
                [_read_question(one, pack) for one in header["open"]],
            )


class _Pack:
    """Predictions and columns as buffers of one message."""

    def __init__(self, buffers: Sequence[Buffer] = ()) -> None:
        self.buffers = list(buffers)

    def put(self, predictions: Predictions) -> tuple[dict[str, Any], int, int]:
        """Add predictions: their header, first buffer and number of buffers."""
        header, buffers = encode_predictions(predictions)
        return header, *self.add(buffers)

    def get(self, array_span: Sequence[Any]) -> Predictions:
        """The message that ``put`` added."""
        header, first, count = array_span
        return decode_predictions(Message(header, self.buffers[first : first + count]))

    def add(self, buffers: Sequence[Buffer]) -> tuple[int, int]:
        """Add buffers: the first one and their number."""
        first = len(self.buffers)
        self.buffers += buffers
        return first, len(buffers)

    def dump(self, header: dict[str, Any]) -> bytes:
        """The message as bytes."""
        return b"".join(encoded(Message(header, self.buffers)))

    @classmethod
    def load(cls, path: Path) -> tuple[dict[str, Any], _Pack]:
        """The header and the buffers of the message at ``path``; ``ValueError`` for another."""
        try:
            (message,) = MessageDecoder().feed(path.read_bytes())
        except WireError as error:
            raise ValueError(str(error)) from error
        return message.header, cls(message.buffers)


def _question(one: Question, pack: _Pack) -> list[Any]:
    return [one.member, one.digest, one.rows, one.columns, *pack.add(one.buffers)]


def _read_question(encoded: Sequence[Any], pack: _Pack) -> Question:
    member, digest, rows, columns, first, count = encoded
    buffers = [bytes(buffer) for buffer in pack.buffers[first : first + count]]
    return Question(member, digest, rows, columns, buffers)
