"""Asks the project's own model, which runs in processes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelhost.columns import ColumnSpec, encode_values
from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message
from packager.data.rows.coerce import format_bound
from packager.data.rows.column_converter import ColumnConverter
from packager.data.rows.request_rows import RowChecker, ValidatedRows
from packager.data.rows.synthetic_values import neutral
from packager.errors import PackageError
from packager.manifest.manifest import Column, RejectedValue, Schema
from serving.http.limits import LimitExceededError
from serving.http.messages import RequestError
from serving.prediction.batching import RowGroups
from serving.prediction.errors import MemberFailedError, ModelError, RowRefusedError
from serving.prediction.flow_times import FlowTimes
from serving.prediction.model_client import ModelClient, Receive

KINDS: dict[str, RejectedValue] = {
    "missing": "null",
    "unseen": "unseen",
    "below_range": "extreme",
    "above_range": "extreme",
}
NEUTRAL_VALUES: dict[str, Any] = {
    "string": "a",
    "number": 0.0,
    "integer": 0,
    "boolean": False,
    "datetime": "2000-01-01T00:00:00",
    "date": "2000-01-01",
    "time": "00:00:00",
    "decimal": "0",
}


def neutral_row(columns: Sequence[Column]) -> dict[str, Any]:
    """A made-up row, for a model that has answered no row yet."""
    return {column.name: _plain_value(column) for column in columns}


def _plain_value(column: Column) -> Any:
    """A value from training, or a default of the column's kind."""
    if column.kind in ("array", "bytes", "list"):
        return neutral(column)
    if column.categories:
        return column.categories[0]
    if column.minimum is not None and column.kind in NEUTRAL_VALUES:
        bound = format_bound(column, column.minimum)
        return int(bound) if column.kind == "integer" else bound
    return NEUTRAL_VALUES.get(column.kind, 0)


MAX_REQUEST_BYTES = 256 << 20
"""Bytes of a request's values in buffers; the model's process accepts no more."""
UNREADABLE = (PackageError, KeyError, TypeError, ValueError, IndexError, OverflowError)
"""Errors of decoding a message that is no answer."""


def unreadable_answer(error: Exception) -> ModelError:
    """The error for a message that is no answer to the request: the model could have sent it."""
    kind = type(error).__name__
    return ModelError([f"its process sent something else than an answer to the request ({kind})"])


def exception_lines(answer: Mapping[str, Any]) -> list[str]:
    """The exception in an answer; raises ``KeyError`` or ``TypeError`` for another form."""
    lines = answer["said"]
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise TypeError("expected a list of lines")
    return lines


def _unavailable(answer: Mapping[str, Any]) -> MemberFailedError:
    member, reason, late = answer["member"], answer["reason"], answer["late"]
    if not isinstance(member, str) or not isinstance(reason, str):
        raise TypeError("expected texts")
    return MemberFailedError(member, reason, late=bool(late))


def _shape(predictions: Predictions, classes: int | None) -> tuple[int, ...]:
    """The number of rows with probabilities, if there are any; raises ``ValueError``."""
    if predictions.probabilities is None:
        return ()
    rows, width = predictions.probabilities.shape
    if width != classes:
        raise ValueError(f"expected probabilities of {classes} classes, got {width}")
    return (rows,)


class NativeModel:
    """The model of a package, asked for validated rows.

    Both ways of asking raise ``RowRefusedError`` for the first row that the model can't take,
    ``ModelError`` if it is broken, ``MemberFailedError`` if a member of a solution gave no answer,
    and what ``ModelClient`` raises.
    """

    def __init__(
        self,
        client: ModelClient,
        schema: Schema,
        checker: RowChecker,
        times: FlowTimes | None = None,
    ) -> None:
        """``times``: of a solution, counts where the time of its flow goes."""
        self._client = client
        self._times = times
        self._groups = RowGroups(schema)
        self._specs = [ColumnSpec.of(column) for column in schema.features]
        self._plans = [ColumnConverter(column) for column in schema.features]
        self._checker = checker
        classes = schema.probability_classes
        self._classes = None if classes is None else len(classes)

    async def predict(
        self, checked: ValidatedRows, deadline: float, receive: Receive | None
    ) -> Predictions:
        """The predictions, by ``deadline`` (``time.monotonic()`` seconds).

        ``receive``: as of ``ModelClient.request``.
        """
        answer = await self._client.request(self._request(checked), deadline, receive)
        return self._predictions(checked, answer)

    def predict_blocking(self, checked: ValidatedRows, deadline: float) -> Predictions:
        """Like ``predict``, for a thread."""
        answer = self._client.request_blocking(self._request(checked), deadline)
        return self._predictions(checked, answer)

    def part(self, checked: ValidatedRows, rows: Sequence[int]) -> ValidatedRows:
        """Some of the rows, as a request of their own."""
        if len(rows) == checked.rows:
            return checked
        columns = [[column[row] for row in rows] for column in checked.columns]
        return self._checker.checked(columns, (), {}, len(rows))

    def _request(self, checked: ValidatedRows) -> Message:
        columns = encode_values(checked.columns, self._specs, checked.rows)
        if sum(map(len, columns.buffers)) > MAX_REQUEST_BYTES:
            raise RequestError.of_bound(
                LimitExceededError(
                    f"the values of {checked.rows} rows are too large for the model's process",
                    f"at most {MAX_REQUEST_BYTES} bytes: send fewer rows a request",
                )
            )
        header = {
            "verb": "predict",
            "rows": checked.rows,
            "columns": columns.described,
            "group": self._groups.group(checked),
        }
        return Message(header, columns.buffers)

    def _predictions(self, checked: ValidatedRows, answer: Message) -> Predictions:
        header = answer.header
        try:
            if self._times is not None:
                self._times.count(header)
            if "unavailable" in header:
                raise _unavailable(header["unavailable"])
            if "broken" in header:
                raise ModelError(exception_lines(header["broken"]))
            if "refused" in header:
                raise self._refused(checked, header["refused"])
            return self._decoded(checked, answer)
        except UNREADABLE as error:
            raise unreadable_answer(error) from error

    def _decoded(self, checked: ValidatedRows, answer: Message) -> Predictions:
        """The predictions; raises one of ``UNREADABLE`` unless there is one for each row."""
        predictions = answer.header.get("predictions")
        if not isinstance(predictions, Predictions):  # not read with those of other requests
            predictions = decode_predictions(answer)
        heights = {len(predictions.labels), *_shape(predictions, self._classes)}
        if heights != {checked.rows}:
            raise ValueError(f"expected answers to {checked.rows} rows, got {heights}")
        return predictions

    def _refused(self, checked: ValidatedRows, refusal: dict[str, Any]) -> RowRefusedError:
        rows = range(refusal["first"], refusal["last"] + 1)
        if not rows or rows.start < 0 or rows.stop > checked.rows:
            raise ValueError(f"expected rows of the request, got {rows}")
        refused = RowRefusedError(rows, exception_lines(refusal))
        if "output" in refusal:
            refused.output, refused.expected = str(refusal["output"]), str(refusal["expected"])
        elif len(rows) == 1:
            self._name_column(refused, [column[rows.start] for column in checked.columns])
        return refused

    def _name_column(self, refused: RowRefusedError, row: Sequence[Any]) -> None:
        """Name the column if the build found that the model can't take such a value."""
        cells = list(zip(self._plans, row, strict=False))
        anomalies = {plan.name: plan.judge(value) for plan, value in cells}
        odd = [
            (plan, value)
            for plan, value in cells
            if KINDS.get(anomalies[plan.name] or "") in plan.column.refuses
        ]
        # For free text and codes, values of training are unknown: a single such column is blamed.
        open_ended = [
            (plan, value)
            for plan, value in cells
            if "unseen" in plan.column.refuses and plan.seen is None and value is not None
        ]
        if odd or len(open_ended) == 1:
            plan, value = (odd or open_ended)[0]
            refused.column, refused.got = plan.name, plan.shown(value)
            refused.expected = plan.expected(anomalies[plan.name])
