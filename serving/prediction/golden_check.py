"""Golden cases at the start: a worker is ready when it gives the answers that are known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol, Self

from packager.manifest.base import Task
from packager.model.golden_answers import GoldenCase
from serving.http.messages import RequestError
from serving.prediction.errors import (
    DeadlineExceededError,
    ModelError,
    ModelProcessEndedError,
    QueueFullError,
    RowRefusedError,
    Unready,
)
from serving.prediction.predictor import Predictor

logger = logging.getLogger("serving")
RETRY_SECONDS = 0.1
"""Until the model's process answers."""
WAITING = (ModelProcessEndedError, QueueFullError, DeadlineExceededError)
"""What says nothing about the answers."""


class Answering(Protocol):
    """What answers: the pipeline."""

    @property
    def unready(self) -> Unready | None:
        """Why no request can be answered now."""

    async def labels(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """The prediction of each row."""


class GoldenCheck:
    """Asks for the rows of the golden cases."""

    def __init__(self, cases: Sequence[GoldenCase], task: Task, asked: Answering) -> None:
        self._cases = cases
        self._task = task
        self._asked = asked
        self.unready: Unready | None = Unready("starting", "the golden cases are not answered yet")
        """Why the worker is not ready; None once every case has its answers."""

    @classmethod
    def of(cls, predictor: Predictor, asked: Answering) -> Self | None:
        """None for a package without golden cases."""
        cases = predictor.golden_cases.cases
        return cls(cases, predictor.manifest.task, asked) if cases else None

    async def run(self) -> None:
        """Answer every case; wait while the model's process does not answer."""
        for case in self._cases:
            while (failure := await self._failure(case)) is None:
                await asyncio.sleep(RETRY_SECONDS)
            if failure:
                self.unready = Unready("golden_failed", failure)
                logger.error("the server is not ready: %s", failure)
                return
        self.unready = None

    async def _failure(self, case: GoldenCase) -> str | None:
        """What is wrong with the answers; empty if nothing is, None if there are none yet."""
        if self._asked.unready is not None:
            return None
        try:
            found = await self._asked.labels(case.rows)
        except WAITING:
            return None
        except (RequestError, RowRefusedError, ModelError) as error:
            return f"golden case {case.name!r} is not answered: {error}"
        return case.failure(found, self._task)
