"""Compare the compiled form with the model at the start, on a platform that no build ran.

Until every row agrees, and after one that does not, the model answers all requests.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from packager.model.compiled.agreement import RowAnswer, answers_agree
from serving.http.messages import RequestError
from serving.prediction.errors import (
    DeadlineExceededError,
    MemberFailedError,
    ModelError,
    ModelProcessEndedError,
    QueueFullError,
    RowRefusedError,
)
from serving.prediction.outcome import PartialPrediction
from serving.prediction.pipeline import Pipeline
from serving.prediction.predictor import Predictor

logger = logging.getLogger("serving")
RETRY_SECONDS = 0.1
"""Until the model's process answers."""
BATCH_ROWS = 50
WAITING = (ModelProcessEndedError, MemberFailedError, QueueFullError, DeadlineExceededError)
"""Errors that prove nothing about the answers."""
START, NOTHING, DIFFERS = "start", "nothing", "differs"
"""``proved_on`` of a platform that no build ran: after the proof, before it, if it failed."""


class SelfProof:
    """The comparison of a compiled form with the model in one worker."""

    def __init__(self, predictor: Predictor, pipeline: Pipeline, seconds: float) -> None:
        """``predictor``: with the form; ``seconds``: the time limit of each answer.

        ``pipeline`` answers without the form until the proof.
        """
        self._predictor = predictor
        self._pipeline = pipeline
        self._seconds = seconds
        self.proved_on = NOTHING

    @classmethod
    def of(cls, predictor: Predictor, pipeline: Pipeline, seconds: float) -> Self | None:
        """None if the build has compared the form on this platform, or there is none."""
        if not predictor.needs_proof:
            return None
        pipeline.predictor = replace(predictor, compiled=None, costs=None)
        return cls(predictor, pipeline, seconds)

    @property
    def summary(self) -> str:
        """One sentence for ``/readyz``."""
        platform = self._predictor.platform.name
        if self.proved_on == START:
            return f"the compiled form was proved on {platform} at the start"
        why = "differs from the model" if self.proved_on == DIFFERS else "is not proved yet"
        return f"the compiled form {why} on {platform}: the model answers"

    async def run(self) -> None:
        """Compare every row; then use the form if all agree."""
        rows = self._predictor.proof_rows
        count = 0
        for first in range(0, len(rows), BATCH_ROWS):
            batch = rows[first : first + BATCH_ROWS]
            while (compared := await self._compared(batch)) is None:
                await asyncio.sleep(RETRY_SECONDS)
            if isinstance(compared, str):
                self._end(DIFFERS)
                logger.error("%s; %s", self.summary, compared)
                return
            count += compared
        if not count:
            logger.error("%s; no row of %d could be compared", self.summary, len(rows))
            return
        self._pipeline.predictor = self._predictor
        self._end(START)
        logger.info("%s: equal on %d rows", self.summary, count)

    def _end(self, proved_on: str) -> None:
        self.proved_on = proved_on
        self._predictor.metrics.set_proof(proved_on)

    async def _compared(self, rows: Sequence[dict[str, Any]]) -> int | str | None:
        """The number of rows that the form answers as the model does, or what differs.

        None if the model gives no answer yet.
        """
        try:
            checked = self._predictor.check([*rows])
            deadline = time.monotonic() + self._seconds
            form = self._predictor.compiled_by
            own = await asyncio.to_thread(form, checked, deadline)
            outside = {*own.outside}
            if len(outside) == checked.rows:
                return 0
            native = await self._pipeline.outcome(checked, deadline, None)
        except WAITING:
            return None
        except (RequestError, RowRefusedError, ModelError) as error:
            if len(rows) == 1:
                return f"the model does not answer a row that the form answers: {error}"
            return await self._one_by_one(rows)
        for row in range(checked.rows):
            if row not in outside and not self._agree(native, own, row):
                return f"row {row} of {len(rows)}: expected {_of(native, row)}, got {_of(own, row)}"
        return checked.rows - len(outside)

    async def _one_by_one(self, rows: Sequence[dict[str, Any]]) -> int | str | None:
        count = 0
        for row in rows:
            compared = await self._compared([row])
            if not isinstance(compared, int):
                return compared
            count += compared
        return count

    def _agree(self, native: PartialPrediction, compiled: PartialPrediction, row: int) -> bool:
        return answers_agree(self._predictor.manifest, _of(native, row), _of(compiled, row))


def _of(prediction: PartialPrediction, row: int) -> RowAnswer:
    chances = prediction.probabilities
    return prediction.labels[row], None if chances is None else [*map(float, chances[row])]
