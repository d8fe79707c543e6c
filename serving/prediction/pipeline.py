"""From a request's bytes to an answer's, by the shortest way that its size and model allow.

Small requests are read and written in the event loop. What the compiled form answers within a
moment is predicted there too; rows for the native model go to the lane, where they may meet rows
of other requests. A large request has the lane's thread to itself from its bytes to its answer.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from monitoring.metrics.recorder import Batch
from packager.data.rows.request_rows import ValidatedRows
from packager.model.model import Predictions
from serving.http.asgi import RETRY_AFTER, DisconnectedError, Receive
from serving.http.limits import LimitExceededError, is_small
from serving.http.memory import MemoryTrimmer, gc_paused
from serving.http.messages import RequestError, Response
from serving.prediction.batcher import (
    Batcher,
    ClientDisconnectedError,
    DeadlineExceededError,
    QueueFullError,
    ignore_result,
)
from serving.prediction.batching import RowBatches
from serving.prediction.native_model import ModelError, RowRefusedError
from serving.prediction.outcome import Outcome
from serving.prediction.predictor import Predictor
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ProtocolAdapter
from serving.settings import Settings

MIN_TRIM_BYTES = 1 << 20
"""From here on, the memory that a request took is worth giving back."""


@dataclass(slots=True)
class Answer:
    """An answer, and what there is to count in it once it is sent."""

    response: Response
    batch: Batch


class Pipeline:
    """Answers requests of any protocol with one predictor."""

    def __init__(
        self,
        predictor: Predictor,
        settings: Settings,
        busy: Callable[[int], None] = ignore_result,
    ) -> None:
        """``busy`` hears when the model begins, and that it ends, as a lane says it."""
        self._predictor = predictor
        self._seconds = settings.deadline_seconds
        self._validated = predictor.metrics.observe_stage["validate"]
        self._predicted = predictor.metrics.observe_stage["predict"]
        self._batcher: Batcher[ValidatedRows, Predictions] = Batcher(
            settings.max_queue, RowBatches(predictor), settings.max_batch_rows, busy
        )
        self._memory_trimmer = MemoryTrimmer()

    @property
    def may_predict_inline(self) -> bool:
        """Whether ``predict_inline`` ever answers: only packages with a compiled form do."""
        return self._predictor.compiled is not None

    @property
    def stuck(self) -> bool:
        """Whether the model is at a call whose answer nobody waits for any more."""
        return self._batcher.running_seconds > self._seconds

    def predict_inline(
        self, adapter: ProtocolAdapter, body: bytes, headers: Mapping[bytes, bytes]
    ) -> Answer | None:
        """The answer, where the compiled form has it in a moment; None where it hasn't.

        Nothing is counted in the latter case. Raises ``RequestError`` for what can't be taken.
        """
        if not is_small(body):
            return None
        predictor = self._predictor
        checked, context, reading = self._read(adapter, body, headers)
        if not predictor.inline(checked):
            return None
        started = time.perf_counter()
        outcome = predictor.try_compiled(checked)
        if outcome.outside:
            return None
        predicted = time.perf_counter()
        self._validated(reading)
        self._predicted(predicted - started)
        return self._written(adapter, context, checked, outcome)

    async def answer(
        self,
        adapter: ProtocolAdapter,
        body: bytes,
        headers: Mapping[bytes, bytes],
        receive: Receive,
        deadline: float,
    ) -> Answer:
        """The answer, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``RequestError``: 422 and the like for what can't be taken, 500 where the model
        is broken, 503 where too many wait, 504 at the deadline; ``DisconnectedError`` when the
        client goes away while it waits.
        """
        try:
            if not is_small(body):
                return await self._large(adapter, body, headers, receive, deadline)
            checked, context, reading = self._read(adapter, body, headers)
            self._validated(reading)
            started = time.perf_counter()
            outcome = await self._outcome(checked, deadline, receive)
            self._predicted(time.perf_counter() - started)
            return self._written(adapter, context, checked, outcome)
        except RowRefusedError as error:
            raise RequestError.of_refusal(error) from error
        except ModelError as error:
            raise RequestError(500, "model_failed", "the model raised an error") from error
        except QueueFullError as error:
            raise RequestError(
                503, "overloaded", "too many requests are waiting", headers=RETRY_AFTER
            ) from error
        except DeadlineExceededError as error:
            raise deadline_exceeded(self._seconds) from error
        except ClientDisconnectedError as error:
            raise DisconnectedError from error

    def close(self) -> None:
        """Take no more requests, and count what was answered."""
        self._batcher.close()
        self._predictor.observer.flush()

    async def _outcome(self, checked: ValidatedRows, deadline: float, receive: Receive) -> Outcome:
        predictor = self._predictor
        if predictor.compiled is None:
            outcome = Outcome([None] * checked.rows, None, range(checked.rows))
        elif predictor.inline(checked):
            outcome = predictor.try_compiled(checked)
        else:
            compiled = partial(predictor.try_compiled, checked)
            outcome = await self._batcher.run(compiled, deadline, receive)
        if not outcome.outside:
            return outcome
        rest = predictor.own.part(checked, outcome.outside)
        try:
            return outcome.completed(await self._batcher.predict(rest, deadline, receive))
        except RowRefusedError as error:
            raise error.at(outcome.outside) from None

    async def _large(
        self,
        adapter: ProtocolAdapter,
        body: bytes,
        headers: Mapping[bytes, bytes],
        receive: Receive,
        deadline: float,
    ) -> Answer:
        whole = partial(self._whole, adapter, body, headers, deadline)
        try:
            found: Answer | RequestError = await self._batcher.run(whole, deadline, receive)
        finally:
            if len(body) >= MIN_TRIM_BYTES:
                self._memory_trimmer.schedule()
        if isinstance(found, Answer):
            return found
        gc.collect()  # quick, as what was loaded is frozen
        raise found

    def _whole(
        self,
        adapter: ProtocolAdapter,
        body: bytes,
        headers: Mapping[bytes, bytes],
        deadline: float,
    ) -> Answer | RequestError:
        """A refusal is returned without its traceback; nobody waits after ``deadline``.

        That one's frames hold all the rows, in a circle that would wait for the collector.
        """
        try:
            with gc_paused():
                checked, context, reading = self._read(adapter, body, headers)
                self._validated(reading)
                started = time.perf_counter()
                _check_deadline(deadline)
                outcome = self._predictor.score(checked)
                self._predicted(time.perf_counter() - started)
                _check_deadline(deadline)
                return self._written(adapter, context, checked, outcome)
        except RequestError as error:
            error.__cause__ = error.__context__ = error.__traceback__ = None
            return error
        except RowRefusedError as error:
            refused = RequestError.of_refusal(error)
            error.__context__ = error.__traceback__ = None
            refused.__cause__ = error
            return refused

    def _read(
        self, adapter: ProtocolAdapter, body: bytes, headers: Mapping[bytes, bytes]
    ) -> tuple[ValidatedRows, Any, float]:
        """The rows, what the exchange keeps of them, and the seconds it took."""
        started = time.perf_counter()
        try:
            if isinstance(adapter, PredictProtocol):
                checked, context = self._predictor.read(body), None
            else:
                rows, context = adapter.rows(body, headers)
                checked = self._predictor.check(rows)
            if checked.rows > 1:
                self._check_answer(checked)
        except RequestError:
            self._validated(time.perf_counter() - started)
            raise
        return checked, context, time.perf_counter() - started

    def _check_answer(self, checked: ValidatedRows) -> None:
        """Raise ``RequestError`` (413) where the answer would be too large."""
        predictor = self._predictor
        try:
            predictor.budget.check_rows(checked.rows, len(predictor.model.classes or ()))
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error
        self._check_size(
            sum(count * len(feature) for (feature, _), count in checked.anomalies.items())
        )

    def _check_size(self, size: int) -> None:
        """Raise ``RequestError`` (413) for so many bytes of an answer."""
        try:
            self._predictor.budget.check_answer(size)
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error

    def _written(
        self, adapter: ProtocolAdapter, context: Any, checked: ValidatedRows, outcome: Outcome
    ) -> Answer:
        scored, batch = self._predictor.scored(checked, outcome)
        if checked.ignored:
            self._predictor.metrics.add_extra_columns(checked.ignored)
        written, headers = adapter.body(context, scored)
        if checked.rows > 1:
            self._check_size(len(written))
        content_type = headers.get("content-type", "application/json")
        others = {name: text for name, text in headers.items() if name != "content-type"}
        return Answer(Response(200, written, content_type, others), batch)


def _check_deadline(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise DeadlineExceededError


def deadline_exceeded(seconds: float) -> RequestError:
    """504: no answer by the deadline."""
    return RequestError(504, "deadline", f"no answer within {seconds:g} s")
