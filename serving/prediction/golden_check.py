"""Golden cases at the start: a worker is ready when it gives the answers that are known."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Self

from packager.model.golden_answers import GoldenCase
from serving.http.messages import RequestError
from serving.prediction.errors import (
    DeadlineExceededError,
    MemberFailedError,
    ModelError,
    ModelProcessEndedError,
    NotReadyReason,
    QueueFullError,
    RowRefusedError,
)
from serving.prediction.pipeline import Pipeline
from serving.prediction.predictor import Predictor

logger = logging.getLogger("serving")
RETRY_SECONDS = 0.1
"""Until the model's process answers."""
WAITING = (ModelProcessEndedError, MemberFailedError, QueueFullError, DeadlineExceededError)
"""Errors that prove nothing about the answers."""


class GoldenCheck:
    """Asks for the rows of the golden cases."""

    def __init__(self, predictor: Predictor, pipeline: Pipeline, seconds: float) -> None:
        """``seconds``: the time limit of each answer."""
        self._predictor = predictor
        self._pipeline = pipeline
        self._seconds = seconds
        self.unready: NotReadyReason | None = NotReadyReason(
            "starting", "the golden cases are not answered yet"
        )
        """Why the worker is not ready; None once every case has its answers."""

    @classmethod
    def of(cls, predictor: Predictor, pipeline: Pipeline, seconds: float) -> Self | None:
        """None for a package without golden cases."""
        return cls(predictor, pipeline, seconds) if predictor.golden_cases.cases else None

    async def run(self) -> None:
        """Answer every case; wait while the model's process does not answer."""
        for case in self._predictor.golden_cases.cases:
            while (failure := await self._failure(case)) is None:
                await asyncio.sleep(RETRY_SECONDS)
            if failure:
                self.unready = NotReadyReason("golden_failed", failure)
                logger.error("the server is not ready: %s", failure)
                return
        self.unready = None

    async def _failure(self, case: GoldenCase) -> str | None:
        """The fault of the answers; empty if there is none, None if there are no answers yet."""
        if self._pipeline.unready is not None:
            return None
        try:
            checked = self._predictor.check([*case.rows])
            deadline = time.monotonic() + self._seconds
            outcome = await self._pipeline.outcome(checked, deadline, None)
        except WAITING:
            return None
        except (RequestError, RowRefusedError, ModelError) as error:
            return f"golden case {case.name!r} is not answered: {error}"
        return case.failure(outcome.labels, self._predictor.manifest.task)
