"""Keeps the answers of ``[outputs]``, so that labels may come without them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from monitoring.feedback.answer_store import AnswerStore, own_token
from monitoring.feedback.own_answers import packed, unpacked
from monitoring.feedback.redis_answers import RedisAnswerStore
from monitoring.feedback.sqlite_answers import SqliteAnswerStore
from monitoring.feedback.token_store import Token, TokenStoreError
from monitoring.metrics.kept_answers import KeptAnswerMetrics
from serving.feedback.settings import FeedbackSettings
from serving.feedback.stored_answers import StoredAnswers

FLUSH_SECONDS = 0.2
MAX_WAITING = 10_000
"""Answers of a worker that wait to be kept; those beyond it are counted as lost."""
TOKEN = re.compile(r"[A-Za-z0-9_-]{64}", re.ASCII)
FILE, KEY = "answers.sqlite3", "model-answers"

Given = list[tuple[str, Any]]
"""Tokens and their answers."""


class AnswerKeeper:
    """Collects answers that were sent, and keeps them a few times a second.

    Call it from the worker's event loop, but for ``completed``.
    """

    def __init__(self, settings: FeedbackSettings, model: str, metrics: KeptAnswerMetrics) -> None:
        self._opened = partial(open_answers, settings, model)
        self._stored = StoredAnswers(self._opened, settings.days, "answers")
        self._metrics = metrics
        self._waiting: Given = []
        self._running = 0
        self._reader: AnswerStore | None = None

    def add(self, tokens: Sequence[str], answers: Sequence[Any]) -> None:
        """Keep the answers that these tokens were made for, soon."""
        room = MAX_WAITING - len(self._waiting) - self._running
        if len(tokens) > room:
            self._metrics.lost.inc(len(tokens) - max(0, room))
        if not self._waiting:
            loop = asyncio.get_running_loop()
            loop.call_later(FLUSH_SECONDS, lambda: loop.create_task(self._flush()))
        self._waiting += list(zip(tokens, answers, strict=True))[: max(0, room)]

    def completed(self, items: Sequence[tuple[Any, Any, Any]]) -> list[tuple[Any, Any, Any]]:
        """Labels as (token, answer, actual), those without an answer with the one that is kept.

        Tokens and answers are verified later. In the thread of the labels; raises
        ``TokenStoreError``.
        """
        tokens: dict[int, Token] = {}
        for index, (token, answer, actual) in enumerate(items):
            if answer is None and actual is not None and _is_token(token):
                tokens[index] = own_token(token)
        answers = dict(zip(tokens, self._find([*tokens.values()]), strict=True))
        return [
            (token, answers.get(index, answer), actual)
            for index, (token, answer, actual) in enumerate(items)
        ]

    def _find(self, tokens: Sequence[Token]) -> list[Any]:
        if not tokens:
            return []
        try:
            if self._reader is None:
                self._reader = self._opened()
            stored = self._reader.find(tokens)
        except TokenStoreError:
            if self._reader is not None:
                self._reader.close()
            self._reader = None
            raise
        return [None if one is None else unpacked(one) for one in stored]

    def close(self) -> None:
        """Keep what waits."""
        self._stored.close()
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._count(waiting, self._stored.keep_now(answers := _made(waiting)), len(answers))

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._running += len(waiting)
        try:
            answers = await asyncio.to_thread(_made, waiting)
            self._count(waiting, await self._stored.keep(answers), len(answers))
        finally:
            self._running -= len(waiting)

    def _count(self, answers: Given, missing: int, count: int) -> None:
        self._metrics.kept.inc(count - missing)
        self._metrics.lost.inc(len(answers) - count + missing)


def open_answers(settings: FeedbackSettings, model: str) -> AnswerStore:
    """The store of answers, beside that of scored tokens; raises ``TokenStoreError``."""
    if settings.store:
        return RedisAnswerStore(
            settings.store, f"{KEY}:{model}", settings.days, settings.answers_per_day
        )
    assert settings.state_dir is not None  # the supervisor has made one
    return SqliteAnswerStore(settings.state_dir / FILE, settings.answers_per_day)


def _is_token(text: object) -> bool:
    return isinstance(text, str) and TOKEN.fullmatch(text) is not None


def _made(answers: Given) -> list[tuple[Token, bytes]]:
    """Tokens and bytes of the answers that can be kept."""
    pairs = ((token, packed(answer)) for token, answer in answers if answer is not None)
    return [(own_token(token), raw) for token, raw in pairs if raw is not None]
