"""Has the model's process embed a sample of the answered rows, and counts how far away they are.

Never before an answer: rows are kept when their answer is sent, and embedded while no request waits
for the model, a few at a time and for a small share of the time.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from modelhost.columns import ColumnSpec, encode_values
from modelhost.wire import Message
from monitoring.metrics.derived_columns import size_of
from monitoring.metrics.embedding_counts import EmbeddingCounts
from monitoring.metrics.recorder import Batch
from monitoring.profile.profile import Profile
from packager.errors import PackageError
from packager.model.hosted_model import HostedModel
from serving.prediction.errors import DeadlineExceededError, ModelProcessEndedError, QueueFullError
from serving.prediction.native_model import UNREADABLE
from serving.prediction.predictor import Predictor

PAUSE_SECONDS = 0.25
"""At least so long after a call."""
MAX_SHARE = 0.02
"""Of the time of the model's process, for the calls of one worker."""
CALL_SECONDS = 0.01
"""A call has as many rows as take about so long: a request that arrives meanwhile waits for it."""
MAX_CALL_ROWS = 64
MAX_KEPT_ROWS = 256
MAX_KEPT_ELEMENTS = 4_000_000
"""Elements of arrays, bytes and characters of the kept rows."""
BUSY_SECONDS = 5.0
"""After so long a call is made although requests wait."""
_UNANSWERED = (DeadlineExceededError, ModelProcessEndedError, QueueFullError)

logger = logging.getLogger("serving")
Row = Sequence[Any]


class EmbeddingSampler:
    """The sample of one worker; all methods are called from its event loop."""

    def __init__(self, predictor: Predictor, profile: Profile, seconds: float) -> None:
        """``seconds``: the time limit of a call."""
        features = predictor.manifest.schema_.features
        self._client = predictor.client
        self._metrics = predictor.metrics
        self._counts = EmbeddingCounts(profile, predictor.metrics)
        self._function = profile.embedding
        self._specs = [ColumnSpec.of(column) for column in features]
        self._seconds = seconds
        self._kept: list[Row] = []
        self._seen = self._elements = 0
        self._rows = 1
        """Rows of the next call."""
        self._told: set[str] = set()

    @classmethod
    def of(cls, predictor: Predictor, seconds: float) -> Self | None:
        """None for a package without an embedding that is watched."""
        profile = predictor.observer.profile
        if profile is None or profile.embedding is None:
            return None
        return cls(predictor, profile, seconds)

    def submit(self, batch: Batch) -> None:
        """Keep some of these rows: of all since the last call, each is as likely."""
        for at in range(len(batch.labels)):
            self._seen += 1
            if len(self._kept) < MAX_KEPT_ROWS and self._elements < MAX_KEPT_ELEMENTS:
                self._kept.append(self._row(batch, at))
            elif (index := random.randrange(self._seen)) < len(self._kept):
                self._elements -= _size(self._kept[index])
                self._kept[index] = self._row(batch, at)

    async def run(self) -> None:
        """Embed kept rows until this task is cancelled."""
        pause = PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            if self._kept:
                await self._quiet()
                pause = max(PAUSE_SECONDS, await self._call() / MAX_SHARE)

    async def _quiet(self) -> None:
        """Wait until no request of this worker waits for the model, but not for long."""
        until = time.monotonic() + BUSY_SECONDS
        while self._client.busy and time.monotonic() < until:
            await asyncio.sleep(CALL_SECONDS)

    async def _call(self) -> float:
        """Embed and count some of the rows; return the seconds that it took."""
        random.shuffle(self._kept)
        rows, self._kept = self._kept[: self._rows], self._kept[self._rows :]
        self._elements = sum(map(_size, self._kept))
        self._seen = len(self._kept)
        began = time.monotonic()
        try:
            answer = await self._client.request(self._request(rows), began + self._seconds)
            self._counts.add(_embeddings(answer, len(rows)))
        except (*_UNANSWERED, *UNREADABLE, PackageError) as error:
            self._metrics.add_embedded("failed", len(rows))
            self._tell(error)
            return time.monotonic() - began
        self._metrics.add_embedded("measured", len(rows))
        seconds = float(answer.header["seconds"])
        self._rows = max(1, min(MAX_CALL_ROWS, int(len(rows) * CALL_SECONDS / max(seconds, 1e-4))))
        return seconds

    def _request(self, rows: Sequence[Row]) -> Message:
        encoded = encode_values([*zip(*rows, strict=True)], self._specs, len(rows))
        header = {"verb": "embed", "rows": len(rows), "function": self._function}
        return Message({**header, "columns": encoded.described}, encoded.buffers)

    def _row(self, batch: Batch, at: int) -> Row:
        """The features of a row; arrays are copied, as they may be views of a large body."""
        row = [column[at] for column in batch.columns[: len(self._specs)]]
        self._elements += _size(row)
        return [one.copy() if isinstance(one, np.ndarray) else one for one in row]

    def _tell(self, error: BaseException) -> None:
        """Log each cause once; an answer holds no value of a row."""
        text = f"{type(error).__name__}: {error}"
        if text not in self._told and len(self._told) < 10:
            self._told.add(text)
            logger.warning("the embedding %s gave nothing: %s", self._function, text)


def _size(row: Row) -> int:
    return sum(map(size_of, row))


def _embeddings(answer: Message, rows: int) -> npt.NDArray[np.float64]:
    """Raises ``PackageError`` if the function raised, or its answer has another form."""
    if "broken" in answer.header:
        said = answer.header["broken"]["said"]
        raise PackageError("; ".join(map(str, said))[:500])
    return HostedModel.embedded(answer, rows)
