"""Answers requests with the model, and distinguishes bad rows from a broken model.

If a model raises on some rows and answers others, the client sent values that it can't take: the
answer names the rows. If it raises on a row that it has answered before, it is broken.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import accumulate
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from modelhost.array_input import input_builder
from modelhost.columns import ColumnSpec, decode_columns
from modelhost.embedding import embedded
from modelhost.errors import OutputError, PackageError
from modelhost.exceptions import describe_exception
from modelhost.failing_rows import PartError, predict_in_parts
from modelhost.fitted_parts import FittedParts
from modelhost.joined_answers import PartAnswer
from modelhost.model import LoadedModel
from modelhost.prediction_messages import decode_call, encode_predictions
from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberUnavailableError
from modelhost.solution.flow import Flow
from modelhost.solution.prediction_bins import PredictionBins
from modelhost.wire import Message

HEALTHY_SECONDS = 1.0
"""Seconds for which a model counts as working after it has answered its known row."""
Columns = Sequence[Any]
MAX_ANSWER_SECONDS = 0.1
"""Seconds by which the deadline of members ends before a request's, so that an answer tells which
member was late: at most this, and a tenth of the time left."""
ABOUT_NO_ROW = (MemoryError, MemberUnavailableError)
"""Exceptions that other rows would have raised, too."""


class _RaisedError(Exception):
    """The model raised, or returned an invalid answer; the cause has the details."""


class ServedModel:
    """The model of a serving process; not thread-safe.

    Each answer is a message whose header holds predictions, or ``refused`` (``first``, ``last``:
    the rows; ``said``: the exception without its message; ``output``, ``expected``: of an answer of
    another form), or ``broken`` (``said``; ``memory``: whether memory ran out), or of a solution
    ``unavailable`` (``member``; ``reason``; ``late``: whether a deadline passed). The first answer
    of a solution's batch has ``members``: member → ``MemberUsage``
    (:mod:`modelhost.solution.usage`), and ``times``, where the time of its flow went
    (``Flow.take_times``).
    """

    def __init__(
        self,
        model: LoadedModel,
        specs: Sequence[ColumnSpec],
        known: Sequence[Any] | None,
        plain: Sequence[Any] | None,
    ) -> None:
        """``known``: a row that the model answered when it was built, or None.

        Without one, the first row that it answers becomes the known row, or ``plain``, a made-up
        one.
        """
        self._model = model
        self._flow = model.native if isinstance(model.native, Flow) else None
        if self._flow is not None:
            self._flow.members.serving = True
        self._parts = FittedParts(model)
        self._builder = input_builder(model.takes, specs)
        self._specs = specs
        self._known = _row(known)
        self._plain = _row(plain)
        self._sound_until = 0.0
        self.out_of_memory = False
        """Whether the model ran out of memory: end the process after the answers."""

    def answers(self, requests: Sequence[Message]) -> Sequence[Message | PartAnswer]:
        """One answer for each request, which are of one group if there are several.

        The answers of a batch that the model predicts are parts of it, but of a solution.
        Raises ``PackageError`` for a request of another form.
        """
        if self._flow is None:
            return self._answers(requests)
        ends = [request.header.get("deadline") for request in requests]
        known = [end for end in ends if end is not None]
        every = len(known) == len(ends)
        self._flow.members.deadline = _members_end(max(known)) if every else None
        answers = self._answers(requests)
        messages = [one.message if isinstance(one, PartAnswer) else one for one in answers]
        times = self._flow.take_times()
        header = {**messages[0].header, "members": self._flow.take_sums(), "times": times}
        return [Message(header, messages[0].buffers), *messages[1:]]

    def count_predictions(self, bins: Mapping[str, Any]) -> None:
        """Of a solution: member → ``PredictionBins``, by which its answers are counted."""
        if self._flow is not None:
            read = {name: PredictionBins.read(one) for name, one in bins.items()}
            self._flow.count_predictions(read)

    @property
    def members(self) -> dict[str, str]:
        """Of a solution: member → ``ready``, or why it is not; else empty."""
        return {} if self._flow is None else self._flow.states

    def _answers(self, requests: Sequence[Message]) -> Sequence[Message | PartAnswer]:
        try:
            if requests[0].header["verb"] in ("call", "embed"):
                return [self._call(request) for request in requests]
            return self._predict([self._columns(request) for request in requests])
        except MemoryError as error:
            self.out_of_memory = True
            return [_broken(error, memory=True)] * len(requests)
        except MemberUnavailableError as error:
            return [_unavailable(error)] * len(requests)

    def _columns(self, request: Message) -> tuple[Columns, int]:
        """The columns and the number of rows of a request."""
        rows = request.header["rows"]
        columns = decode_columns(request.header["columns"], request.buffers, rows)
        if len(columns) != len(self._specs) or rows < 1:
            width = len(self._specs)
            raise PackageError(f"expected {width} columns of 1 row or more, got another form")
        return columns, rows

    def _predict(self, items: Sequence[tuple[Columns, int]]) -> Sequence[Message | PartAnswer]:
        if len(items) == 1:
            return [self._alone(*items[0])]
        columns = [_joined(parts) for parts in zip(*(columns for columns, _ in items))]
        counts = [rows for _, rows in items]
        try:
            predictions = self._predict_columns(columns, sum(counts))
        except _RaisedError:
            return [self._alone(*item) for item in items]
        except MemberUnavailableError as error:
            assert self._flow is not None
            if error.late:  # it would be late for each of them
                self._flow.members.withheld = {error.member: error}
            try:
                return [self._available(*item) for item in items]  # others may not need the member
            finally:
                self._flow.members.withheld = {}
        starts = accumulate(counts, initial=0)
        return [
            PartAnswer(predictions, range(start, start + rows))
            for start, rows in zip(starts, counts)
        ]

    def _alone(self, columns: Columns, rows: int) -> Message:
        """The answer to one request; if the model raises on all rows, it is called on parts."""
        try:
            predictions = predict_in_parts(
                lambda part: self._answered(columns, part), rows, ABOUT_NO_ROW
            )
            return _predicted(predictions)
        except PartError as error:
            cause = error.__cause__
            assert isinstance(cause, _RaisedError)
            raised = cause.__cause__ or cause
            if not self._is_sound():
                return _broken(raised)
            first, last = error.rows.start, error.rows.stop - 1
            fields: dict[str, Any] = {
                "first": first,
                "last": last,
                "said": describe_exception(raised),
            }
            if isinstance(raised, OutputError):
                fields.update(output=raised.output, expected=raised.expected)
            return Message({"refused": fields})

    def _available(self, columns: Columns, rows: int) -> Message:
        try:
            return self._alone(columns, rows)
        except MemberUnavailableError as error:
            return _unavailable(error)

    def _answered(self, columns: Columns, rows: range) -> Predictions:
        """The predictions for some rows; the first row ever answered becomes the known row."""
        part = [column[rows.start : rows.stop] for column in columns]
        predictions = self._predict_columns(part, len(rows))
        if self._known is None:
            self._known = [column[:1] for column in part]
        return predictions

    def _is_sound(self) -> bool:
        """Whether the model still answers its known row."""
        if time.monotonic() < self._sound_until:
            return True
        known = self._known if self._known is not None else self._plain
        if known is None:
            return False
        try:
            self._predict_columns(known, 1)
        except _RaisedError:
            return False
        self._known = known
        self._sound_until = time.monotonic() + HEALTHY_SECONDS
        return True

    def _predict_columns(self, columns: Columns, rows: int) -> Predictions:
        try:
            predictions = self._model.predict(self._builder.frame(columns, rows), self._specs)
            return predictions if self._flow is None else self._flow.with_absent(predictions)
        except ABOUT_NO_ROW:
            raise
        except BaseException as error:  # a model that exits must not end the process
            raise _RaisedError(f"the model failed on {rows} rows") from error

    def _call(self, request: Message) -> Message:
        answer: Callable[[], Message]
        if request.header["verb"] == "embed":
            columns = self._columns(request)
            specs, frame = self._specs, self._builder.frame
            answer = lambda: embedded(request, frame(*columns), self._model, specs)  # noqa: E731
        else:
            answer = partial(self._parts.answer, decode_call(request))
        try:
            return answer()
        except MemoryError:
            raise
        except BaseException as error:
            return _broken(error)


def _members_end(deadline: int) -> float:
    """The deadline of members, for a request that ends at ``deadline`` (nanoseconds)."""
    end, now = deadline / 1e9, time.monotonic()
    return end - min(MAX_ANSWER_SECONDS, max(0.0, end - now) / 10)


def _row(values: Sequence[Any] | None) -> Columns | None:
    return None if values is None else [[value] for value in values]


def _joined(parts: Sequence[Any]) -> Any:
    """Values of one column from several requests, each a list or an array."""
    kinds = {part.dtype if isinstance(part, np.ndarray) else None for part in parts}
    if len(kinds) == 1 and None not in kinds:
        return np.concatenate(parts)
    together: list[Any] = []
    for part in parts:
        together += part.tolist() if isinstance(part, np.ndarray) else part
    return together


def _predicted(predictions: Predictions) -> Message:
    return Message(*encode_predictions(predictions))


def _unavailable(error: MemberUnavailableError) -> Message:
    fields = {"member": error.member, "reason": error.reason, "late": error.late}
    return Message({"unavailable": fields})


def _broken(error: BaseException, *, memory: bool = False) -> Message:
    if isinstance(error, PackageError) and error.__cause__ is None:
        lines = [error.message]  # about the form of an answer, not its values
    else:
        lines = describe_exception(error)
    return Message({"broken": {"said": lines, "memory": memory}})
