"""Keeps answers for late labels in a store, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from monitoring.feedback.answer_store import AnswerStore
from monitoring.feedback.token_store import DAY, Token, TokenStoreError

PURGE_SECONDS = 3_600.0

logger = logging.getLogger("serving")


class StoredAnswers:
    """A store of answers; failures are logged and counted, and never an error of a request."""

    def __init__(self, open_store: Callable[[], AnswerStore], days: float, whose: str) -> None:
        """``days``: how long tokens are valid; ``whose``: what the log calls the answers."""
        self._open = open_store
        self._days = days
        self._whose = whose
        self._store: AnswerStore | None = None
        self._purged = 0.0
        self._failing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers")

    async def keep(self, answers: Sequence[tuple[Token, bytes]]) -> int:
        """Keep answers; return how many are lost."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self.keep_now, answers)

    def keep_now(self, answers: Sequence[tuple[Token, bytes]]) -> int:
        """As ``keep``, in this thread; call it in no other one at the same time."""
        try:
            if self._store is None:
                self._store = self._open()
            now = time.monotonic()
            if not self._purged or now - self._purged > PURGE_SECONDS:
                self._store.purge(time.time() - self._days * DAY)
                self._purged = now
            missing = len(answers) - self._store.keep(answers)
        except TokenStoreError as error:
            if not self._failing:
                logger.error("%s are not kept: %s", self._whose, error)
            self._failing = True
            if self._store is not None:
                self._store.close()
            self._store = None
            return len(answers)
        self._failing = False
        return missing

    def close(self) -> None:
        """Wait for what is being kept."""
        self._thread.shutdown(wait=True)
