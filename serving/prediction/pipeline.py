"""Turns request bytes into answer bytes, by the fastest path that size and model allow.

Small requests are parsed and encoded in the event loop. If the compiled form answers them within
milliseconds, they are predicted there too; rows for the model itself go to its process, which may
combine them with rows of other requests. A large request is handled whole in a thread.
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
from serving.http.asgi import RETRY_AFTER, DisconnectedError, Receive
from serving.http.limits import LimitExceededError, is_small
from serving.http.memory import MemoryTrimmer, gc_paused
from serving.http.messages import RequestError, Response
from serving.prediction.errors import (
    ClientDisconnectedError,
    DeadlineExceededError,
    MemberFailedError,
    ModelError,
    ModelProcessEndedError,
    NotReadyReason,
    QueueFullError,
    RowRefusedError,
    member_unready,
)
from serving.prediction.jobs import JobThread, ignore_result
from serving.prediction.outcome import PartialPrediction
from serving.prediction.predictor import Predictor
from serving.prediction.request_limit import RequestLimit
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ProtocolAdapter
from serving.settings import Settings

MIN_TRIM_BYTES = 1 << 20
"""From this body size on, freed memory is returned to the system after the answer."""


@dataclass(slots=True)
class Answer:
    """An answer, and its counts for the metrics once it is sent."""

    response: Response
    batch: Batch


class Pipeline:
    """Answers requests of any protocol with one predictor."""

    def __init__(
        self,
        predictor: Predictor,
        settings: Settings,
        limit: RequestLimit,
        busy: Callable[[int], None] = ignore_result,
    ) -> None:
        """``limit``: that of ``predictor.client``; ``busy`` is called as by ``JobThread``."""
        self.predictor = predictor
        self._seconds = settings.deadline_seconds
        self._model = f"model {predictor.manifest.name}"
        self._validated = predictor.metrics.observe_stage["validate"]
        self._predicted = predictor.metrics.observe_stage["predict"]
        self._jobs = JobThread(limit, busy)
        self._memory_trimmer = MemoryTrimmer()

    @property
    def may_predict_inline(self) -> bool:
        """Whether ``predict_inline`` can answer: only with a compiled form."""
        return not self.predictor.needs_model

    @property
    def unready(self) -> NotReadyReason | None:
        """Why no request can be answered now; None if one can, without the model's process too."""
        if self.stuck:
            return NotReadyReason("stuck", f"{self._model} did not answer by the deadline")
        client = self.predictor.client
        if client.ready or not self.predictor.needs_model:
            return member_unready(client.waiting_member(), self._model)
        for number, end in client.last_ends().items():
            name = f"process {number} of {self._model}"
            return NotReadyReason("model_restarting", end.sentence(name))
        if client.was_ready:
            return NotReadyReason("model_restarting", f"the process of {self._model} ended")
        return NotReadyReason("starting", f"{self._model} is loading")

    @property
    def stuck(self) -> bool:
        """Whether a call has exceeded the deadline, without which no row is answered."""
        if self._jobs.running_seconds > self._seconds:
            return True
        return self.predictor.needs_model and self.predictor.client.stuck

    def predict_inline(
        self, adapter: ProtocolAdapter, body: bytes, headers: Mapping[bytes, bytes]
    ) -> Answer | None:
        """The answer, if the compiled form can give it within milliseconds; else None.

        For None, nothing is counted. Raises ``RequestError`` for an invalid request.
        """
        if not is_small(body):
            return None
        predictor = self.predictor
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
        receive: Receive | None,
        deadline: float,
    ) -> Answer:
        """The answer, by ``deadline`` (``time.monotonic()`` seconds).

        Raises ``RequestError``: 4xx for an invalid request, 500 if the model is broken, 503 if too
        many requests wait or the process of the model or a member ended, 504 at a deadline;
        ``DisconnectedError`` when ``receive`` reports a disconnect while it waits. Without
        ``receive``, cancel the task then.
        """
        try:
            if not is_small(body):
                return await self._large(adapter, body, headers, receive, deadline)
            checked, context, reading = self._read(adapter, body, headers)
            self._validated(reading)
            started = time.perf_counter()
            outcome = await self.outcome(checked, deadline, receive)
            self._predicted(time.perf_counter() - started)
            return self._written(adapter, context, checked, outcome)
        except RowRefusedError as error:
            raise RequestError.of_refusal(error) from error
        except ModelError as error:
            raise RequestError(500, "model_failed", f"{self._model} raised an error") from error
        except ModelProcessEndedError as error:
            why = f"the process of {self._model} ended before it answered"
            raise RequestError(503, "model_process_ended", why, headers=RETRY_AFTER) from error
        except MemberFailedError as error:
            code, status = ("member_late", 504) if error.late else ("member_unavailable", 503)
            raise RequestError(status, code, str(error), headers=RETRY_AFTER) from error
        except QueueFullError as error:
            why = f"too many requests wait for {self._model}"
            raise RequestError(503, "overloaded", why, headers=RETRY_AFTER) from error
        except DeadlineExceededError as error:
            raise deadline_exceeded(self._seconds, f" of {self._model}") from error
        except ClientDisconnectedError as error:
            raise DisconnectedError from error

    async def outcome(
        self, checked: ValidatedRows, deadline: float, receive: Receive | None
    ) -> PartialPrediction:
        """Predictions that no metric counts; raises what ``answer`` translates."""
        predictor = self.predictor
        if predictor.compiled is None:
            outcome = PartialPrediction([None] * checked.rows, None, range(checked.rows))
        elif predictor.inline(checked):
            outcome = predictor.try_compiled(checked)
        else:
            job = partial(predictor.compiled_by, checked, deadline)
            outcome = await self._jobs.run(job, deadline, receive)
        if not outcome.outside:
            return outcome
        rest = predictor.own.part(checked, outcome.outside)
        try:
            return outcome.completed(await predictor.own.predict(rest, deadline, receive))
        except RowRefusedError as error:
            raise error.at(outcome.outside) from None

    def close(self) -> None:
        """Accept no more requests, and write the counts of answered ones."""
        self._jobs.close()
        self.predictor.client.close()
        self.predictor.observer.flush()

    async def _large(
        self,
        adapter: ProtocolAdapter,
        body: bytes,
        headers: Mapping[bytes, bytes],
        receive: Receive | None,
        deadline: float,
    ) -> Answer:
        whole = partial(self._answer, adapter, body, headers, deadline)
        try:
            outcome: Answer | RequestError = await self._jobs.run(whole, deadline, receive)
        finally:
            if len(body) >= MIN_TRIM_BYTES:
                self._memory_trimmer.schedule()
        if isinstance(outcome, Answer):
            return outcome
        gc.collect()  # fast, because loaded objects are frozen
        raise outcome

    def _answer(
        self,
        adapter: ProtocolAdapter,
        body: bytes,
        headers: Mapping[bytes, bytes],
        deadline: float,
    ) -> Answer | RequestError:
        """The answer; an error is returned without its traceback. Stops after ``deadline``.

        The frames of the traceback hold all rows, in a reference cycle that only the collector
        would free.
        """
        try:
            with gc_paused():
                checked, context, reading = self._read(adapter, body, headers)
                self._validated(reading)
                started = time.perf_counter()
                _check_deadline(deadline)
                outcome = self.predictor.score(checked, deadline)
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
        """The rows, the adapter's context for the answer, and the seconds that parsing took."""
        started = time.perf_counter()
        try:
            if isinstance(adapter, PredictProtocol):
                checked, context = self.predictor.read(body), None
            else:
                rows, context = adapter.rows(body, headers)
                checked = self.predictor.check(rows)
            if checked.rows > 1:
                self._check_answer(checked)
        except RequestError:
            self._validated(time.perf_counter() - started)
            raise
        return checked, context, time.perf_counter() - started

    def _check_answer(self, checked: ValidatedRows) -> None:
        """Raise ``RequestError`` (413) if the answer would be too large."""
        predictor = self.predictor
        try:
            predictor.budget.check_rows(checked.rows, len(predictor.classes or ()))
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error
        counts = checked.anomalies.items()
        self._check_size(sum(count * len(feature) for (feature, _), count in counts))

    def _check_size(self, size: int) -> None:
        """Raise ``RequestError`` (413) if an answer of ``size`` bytes is too large."""
        try:
            self.predictor.budget.check_answer(size)
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error

    def _written(
        self,
        adapter: ProtocolAdapter,
        context: Any,
        checked: ValidatedRows,
        outcome: PartialPrediction,
    ) -> Answer:
        scored, batch = self.predictor.scored(checked, outcome)
        if checked.ignored:
            self.predictor.metrics.add_extra_columns(checked.ignored)
        written, headers = adapter.body(context, scored)
        if checked.rows > 1:
            self._check_size(len(written))
        content_type = headers.get("content-type", "application/json")
        others = {name: text for name, text in headers.items() if name != "content-type"}
        return Answer(Response(200, written, content_type, others), batch)


def _check_deadline(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise DeadlineExceededError


def deadline_exceeded(seconds: float, whose: str = "") -> RequestError:
    """504: no answer by the deadline; ``whose``: `` of model NAME``."""
    return RequestError(504, "deadline", f"no answer{whose} within {seconds:g} s")
