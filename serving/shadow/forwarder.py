"""Sends sampled rows to a challenger, compares its answers, and keeps them for late labels."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from monitoring.feedback.answer_store import own_token
from monitoring.feedback.challenger_answers import ChallengerAnswer
from monitoring.metrics.answer_comparison import AnswerComparison, RowComparison
from monitoring.metrics.shadow import ChallengerVersions, ShadowRowMetrics
from monitoring.metrics.shadow_labels import RowOutcome
from packager.manifest.manifest import Manifest
from serving.feedback.stored_answers import StoredAnswers
from serving.http.messages import RequestError
from serving.protocols.protocol import ProtocolAdapter
from serving.shadow.breaker import CircuitBreaker
from serving.shadow.challenger import (
    ChallengerAddress,
    ChallengerConnection,
    ChallengerError,
    RowsRefusedError,
)
from serving.shadow.row_queue import RowQueue, SampledRow
from serving.shadow.sampled import HEAD, SampledRequest

CONNECTIONS = 4
"""Requests to the challenger at a time."""
MAX_VERSION = 64
UNKNOWN_VERSION = "unknown"

logger = logging.getLogger("serving")


@dataclass(frozen=True)
class ShadowCounters:
    """Counts of the shadow."""

    rows: ShadowRowMetrics
    versions: ChallengerVersions


class ShadowForwarder:
    """Receives sampled requests, and forwards their rows until it is cancelled."""

    def __init__(
        self,
        manifest: Manifest,
        adapters: Mapping[str, ProtocolAdapter],
        address: ChallengerAddress,
        queue: int,
        counters: ShadowCounters,
        answers: StoredAnswers | None,
    ) -> None:
        """``adapters``: of champion's routes; ``queue``: rows that may wait.

        ``answers``: None if no labels come.
        """
        schema = manifest.schema_
        self._comparison = RowComparison(schema.probability_classes or schema.classes)
        self._adapters = adapters
        self._address = address
        self._queue = RowQueue(queue)
        self._counters = counters
        self._answers = answers
        self._breaker = CircuitBreaker()

    async def run(self) -> None:
        """Forward rows."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(self._forward(ChallengerConnection(self._address)))

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Put the rows of a worker's frames into the queue, until it closes the connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                pickled, body = HEAD.unpack(await reader.readexactly(HEAD.size))
                request = SampledRequest.read(
                    await reader.readexactly(pickled), await reader.readexactly(body)
                )
                self._add(request)
        writer.close()

    def _add(self, request: SampledRequest) -> None:
        if self._breaker.holds:  # before its body is parsed in vain
            self._counters.rows.add({"dropped": len(request.indices)})
            return
        try:
            rows = self._rows(request)
        except (RequestError, LookupError, RecursionError) as error:  # champion did answer them
            logger.error("a request can't be sent to the challenger: %s", error)
            self._counters.rows.add({"failed": len(request.indices)})
            return
        self._counters.rows.add({"dropped": self._queue.add(rows)})

    def _rows(self, request: SampledRequest) -> list[SampledRow]:
        rows, _ = self._adapters[request.path].rows(request.body, request.headers)
        size = len(request.body) // max(1, len(rows))
        chances, tokens = request.probabilities, request.tokens
        return [
            SampledRow(
                rows[index],
                size,
                request.labels[at],
                None if chances is None else chances[at],
                None if tokens is None else tokens[at],
            )
            for at, index in enumerate(request.indices)
        ]

    async def _forward(self, connection: ChallengerConnection) -> None:
        while True:
            rows = await self._queue.take()
            if self._breaker.allows():
                await self._post(connection, rows)
            else:
                self._counters.rows.add({"dropped": len(rows)})

    async def _post(self, connection: ChallengerConnection, rows: Sequence[SampledRow]) -> None:
        """Send rows; those of a refused request are sent again by halves, until one is alone."""
        try:
            body = _encoded([row.row for row in rows])
            version, answers = _read(await connection.post(body), len(rows))
            comparisons = self._compared(rows, answers)
        except RowsRefusedError as error:
            if len(rows) == 1:
                self._failed(rows, error)
                return
            self._again(self._breaker.refused())
            middle = len(rows) // 2
            for half in (rows[:middle], rows[middle:]):
                if self._breaker.is_open:
                    self._counters.rows.add({"dropped": len(half)})
                else:
                    await self._post(connection, half)
        except (ChallengerError, TypeError) as error:
            self._failed(rows, error)
        else:
            self._again(self._breaker.succeeded())
            self._count(version, comparisons)
            await self._keep(rows, version, answers)

    def _again(self, closed: bool) -> None:
        if closed:
            logger.warning("the challenger answers again")

    def _failed(self, rows: Sequence[SampledRow], error: Exception) -> None:
        self._counters.rows.add({"failed": len(rows)})
        pause = self._breaker.failed()
        if pause is not None:
            self._counters.rows.pauses.inc()
            logger.warning("the challenger gets no rows for %g s: %s", pause, error)

    def _compared(
        self, rows: Sequence[SampledRow], answers: Sequence[Mapping[str, Any]]
    ) -> list[AnswerComparison]:
        try:
            return [
                self._comparison.of(one.label, one.probabilities, answer)
                for one, answer in zip(rows, answers, strict=True)
            ]
        except RecursionError as error:
            raise ChallengerError("the answer is too deeply nested") from error

    def _count(self, version: str, comparisons: Sequence[AnswerComparison]) -> None:
        self._counters.versions.see(version)
        outcomes: Counter[RowOutcome] = Counter(one.outcome for one in comparisons)
        self._counters.rows.add(outcomes)
        self._counters.rows.observe(
            one.difference for one in comparisons if one.difference is not None
        )

    async def _keep(
        self, rows: Sequence[SampledRow], version: str, answers: Sequence[Mapping[str, Any]]
    ) -> None:
        """Keep the answers to rows whose labels may come."""
        if self._answers is None:
            return
        packed = [
            (own_token(one.token), kept_answer.packed())
            for one, answer in zip(rows, answers, strict=True)
            if one.token is not None
            and (kept_answer := self._stored_form(answer.get("prediction"), version)) is not None
        ]
        if packed:
            missing = await self._answers.keep(packed)
            if missing:
                self._counters.rows.unkept.inc(missing)

    def _stored_form(self, prediction: Any, version: str) -> ChallengerAnswer | None:
        """The stored form of a prediction; None for one that no label can be compared with."""
        if self._comparison.classes is not None:
            if prediction is None or isinstance(prediction, dict | list):
                return None
            return ChallengerAnswer.of_class(self._comparison.own_class(prediction), version)
        if isinstance(prediction, bool) or not isinstance(prediction, int | float):
            return None
        try:
            return ChallengerAnswer.of_number(float(prediction), version)
        except OverflowError:
            return None


def _encoded(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The body of a request; raises ``TypeError`` for a value that JSON doesn't have."""
    try:
        return orjson.dumps({"rows": rows}, default=_plain)
    except orjson.JSONEncodeError:  # a lone surrogate, or an integer beyond 64 bits
        return json.dumps({"rows": rows}, default=_plain).encode("ascii")


def _plain(value: Any) -> Any:
    """A binary tensor's value in the form of ``/predict``."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"expected a value of JSON, got {type(value).__name__}")


def _read(body: bytes, rows: int) -> tuple[str, list[dict[str, Any]]]:
    """Version and predictions of an answer; raises ``ChallengerError`` for anything else."""
    try:
        document = orjson.loads(body)
        answers = document["predictions"]
        version = document.get("version", UNKNOWN_VERSION)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ChallengerError("expected JSON with predictions, got something else") from error
    if not isinstance(version, str):
        raise ChallengerError("expected a version of text, got something else")
    if not isinstance(answers, list) or not all(
        isinstance(answer, dict) and "prediction" in answer for answer in answers
    ):
        raise ChallengerError("expected a list of predictions, got something else")
    if len(answers) != rows:
        raise ChallengerError(f"expected {rows} predictions, got {len(answers)}")
    return version[:MAX_VERSION] or UNKNOWN_VERSION, answers
