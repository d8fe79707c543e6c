"""Counts a worker's answers, and renders the metrics of all workers."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator

from monitoring.exposition.library_check import check_library
from monitoring.exposition.render import Rendering
from monitoring.exposition.worker_files import repair_all
from monitoring.metrics.recorder import FLUSH_SECONDS, Batch
from monitoring.metrics.registry import CONTENT_TYPE_LATEST
from serving.http.messages import MODEL_REFUSED_ROW, RequestError, Response
from serving.prediction.embedding_sampler import EmbeddingSampler
from serving.prediction.predictor import Predictor

REPAIR_SECONDS = 0.5
"""Seconds between checks for deleted counter files, which are written again."""
MAX_ROWS_AT_ONCE = 5_000
"""Rows counted in one call, before other tasks can run: about five milliseconds."""
MAX_VALUES_AT_ONCE = 50_000
"""Values in the rows counted in one call."""
MAX_LOGGED_AT_ONCE = 250
"""Rows counted in one call if flagged rows are logged."""


class Recorder:
    """Counts answers once they are sent, and writes the counts a few times a second.

    Not thread-safe: call it from the worker's event loop.
    """

    def __init__(
        self,
        predictor: Predictor,
        compiled_check_ratio: float,
        embeddings: EmbeddingSampler | None = None,
    ) -> None:
        """``compiled_check_ratio``: the fraction of compiled rows that the check samples.

        ``embeddings``: is given the rows; None without an embedding that is watched.
        """
        self._predictor = predictor
        self._embeddings = embeddings
        self._sampler = predictor.compiled_check_sampler(compiled_check_ratio)
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._rendering = Rendering(folder, own=folder is None or check_library())
        self._parts: deque[Iterator[Batch]] = deque()
        """Rows of large requests that are still to be counted."""
        self._dirty = False
        self._repairing: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Start repairing counter files periodically, also without requests."""
        self._predictor.metrics.add_unwritten(repair_all())
        self._repairing = asyncio.get_running_loop().call_later(REPAIR_SECONDS, self.begin)

    def answered(self, route: str, status: int, seconds: float, batch: Batch | None) -> None:
        """Count one request and its rows; many rows are counted in parts after this call.

        The event loop serves other requests between the parts.
        """
        predictor = self._predictor
        predictor.metrics.observe_request(route, status, seconds)
        if batch is not None:
            predictor.metrics.observe_rows(len(batch.labels))
            if self._sampler is not None:
                self._sampler.submit(batch)
            if self._embeddings is not None:
                self._embeddings.submit(batch)
            if predictor.feedback is not None:
                predictor.feedback.keep(batch.tokens, batch.labels)
            most = self._rows_per_call(batch)
            if len(batch.labels) <= most:
                predictor.log_flagged(batch)
                predictor.observer.observe(batch)
            else:
                self._parts.append(batch.parts(most))
                if len(self._parts) == 1:
                    asyncio.get_running_loop().call_soon(self._next_part)
        self._flush_soon()

    def _rows(self, batch: Batch) -> None:
        self._predictor.log_flagged(batch)
        self._predictor.observer.observe(batch)

    def _next_part(self) -> None:
        """Count one part of the oldest large request."""
        if not self._parts:  # the worker has ended meanwhile
            return
        try:
            part = next(self._parts[0], None)
            if part is None:
                self._parts.popleft()
                self._flush_soon()
            else:
                self._rows(part)
        finally:
            if self._parts:
                asyncio.get_running_loop().call_soon(self._next_part)

    def _rows_per_call(self, batch: Batch) -> int:
        """The most rows of ``batch`` to log and count in one call."""
        if self._predictor.flagged_rows is not None:
            return MAX_LOGGED_AT_ONCE
        return max(1, min(MAX_ROWS_AT_ONCE, MAX_VALUES_AT_ONCE // max(1, len(batch.columns))))

    def record_invalid(self, error: RequestError) -> None:
        """Count an invalid value by its column, or a row that the model rejects."""
        column = error.details.get("column")
        if error.code == MODEL_REFUSED_ROW:
            self._predictor.metrics.refused_rows.inc()
        elif error.code != "invalid_row":
            return
        if isinstance(column, str):
            self._predictor.observer.record_invalid(column)

    async def exposition(self) -> Response:
        """The metrics of all workers, in Prometheus' text format."""
        self._flush()
        # Cached text is returned here: in a thread, each file read would wait for the GIL.
        text = self._rendering.cached()
        if text is None:
            text = await asyncio.to_thread(self._rendering.rebuild)
        return Response(200, text, CONTENT_TYPE_LATEST)

    def close(self) -> None:
        """Count remaining rows; stop the compiled check and the repair of counter files."""
        while self._parts:
            for part in self._parts.popleft():
                self._rows(part)
        if self._repairing is not None:
            self._repairing.cancel()
        if self._sampler is not None:
            self._sampler.close()

    def _flush_soon(self) -> None:
        if not self._dirty:
            self._dirty = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._dirty = False
        self._predictor.metrics.add_unwritten(repair_all())
        self._predictor.observer.flush()
        if self._predictor.feedback is not None:
            self._predictor.feedback.refresh()
