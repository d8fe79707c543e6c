"""``POST /feedback``: late labels, each counted once, whichever worker gets the request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from monitoring.feedback.answer_scoring import AnswerScorer
from monitoring.feedback.answer_tokens import AnswerTokens
from monitoring.feedback.keys import KeyFileError
from monitoring.feedback.scoring import (
    FeedbackCounts,
    LabelMetrics,
    Scorer,
    VerifiedLabel,
    confirmed,
    settle,
    unconfirmed,
)
from monitoring.feedback.token_store import DAY, Token, TokenStore, TokenStoreError
from monitoring.feedback.tokens import Tokens
from monitoring.metrics.feedback import FeedbackMetrics
from monitoring.metrics.kept_answers import KeptAnswerMetrics
from monitoring.metrics.output_feedback import OutputFeedbackMetrics
from monitoring.metrics.serving import ServingMetrics
from packager.manifest.manifest import Manifest
from serving.feedback.settings import FeedbackSettings
from serving.feedback.stores import open_keys, open_token_store
from serving.http import messages
from serving.http.limits import MAX_LABELS, MAX_VALUES, VALUES_OF_A_LABEL, Budget, is_small
from serving.http.messages import RequestError, Response

if TYPE_CHECKING:  # few servers need them
    from serving.feedback.answer_keeper import AnswerKeeper
    from serving.shadow.pairing import ShadowPairing

MAX_CONCURRENT_REQUESTS = 16
PURGE_SECONDS = 3_600
UNCONFIRMED_RETRY_SECONDS = 1.0
"""Seconds between checks whether a stalled store has recorded unconfirmed tokens."""
RETRY_AFTER = {"Retry-After": "5"}
_BUDGET = Budget(MAX_LABELS * VALUES_OF_A_LABEL)
_BUDGET_WITH_ANSWERS = Budget(MAX_VALUES)
_KEYS = {"token"}, {"token", "actual"}, {"token", "answer"}, {"token", "answer", "actual"}

Label = tuple[Any, ...]
"""A token and its label, with the answer between them if labels come with answers."""

logger = logging.getLogger("serving")


class FeedbackEndpoint:
    """Issues tokens, and scores the labels that are sent with them."""

    def __init__(
        self,
        settings: FeedbackSettings,
        manifest: Manifest,
        metrics: ServingMetrics,
        deadline_seconds: float,
    ) -> None:
        """Read the keys; the store is opened at first use. Raises ``PackageError``."""
        if settings.key_file is None or (settings.state_dir is None and not settings.store):
            raise RuntimeError("expected the supervising process to have set up keys and store")
        self._settings = settings
        self._model = manifest.name
        self._ring = open_keys(settings.key_file, manifest.name)
        keys, root = self._ring.keys, manifest.root
        self._answers = bool(metrics.outputs)
        self.tokens: Tokens
        self._scorer: Scorer | AnswerScorer
        self._metrics: LabelMetrics
        if metrics.outputs:
            self.tokens = answers = AnswerTokens(keys, root, settings.days)
            self._scorer = AnswerScorer(answers, metrics.outputs)
            self._metrics = OutputFeedbackMetrics(
                metrics.series, metrics.slice_names, metrics.outputs
            )
        else:
            self.tokens = Tokens(keys, root, metrics.classes, settings.days)
            self._scorer = Scorer(self.tokens, metrics.classes)
            self._metrics = FeedbackMetrics(metrics.series, metrics.slice_names, metrics.classes)
        self._keeper = _keeper(settings, manifest.name, metrics)
        self._pairing: ShadowPairing | None = None
        self._seconds = deadline_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feedback")
        self._waiting = 0
        self._seen: TokenStore | None = None
        self._purged = -math.inf
        self._failures = _Failures()
        self._unconfirmed: dict[Token, tuple[VerifiedLabel, int]] = {}
        """Labels, and which part, to count if the store turns out to have recorded their keys."""

    def pair(self, pairing: ShadowPairing) -> None:
        """Count labels in pairs with a challenger's answers; call it before the first label."""
        self._pairing = pairing
        self._metrics = pairing.counting(self._metrics)

    def keep(self, tokens: Sequence[str] | None, answers: Sequence[Any]) -> None:
        """Keep answers until their labels come, if the settings say so."""
        if self._keeper is not None and tokens is not None:
            self._keeper.add(tokens, answers)

    async def answer(self, body: bytes) -> Response:
        """The numbers of labels counted and still missing, and the reason for each rejected one.

        Raises ``RequestError``: 400 or 422 if the body isn't a list, 413 for more than
        ``MAX_LABELS``, 503 if the store of scored tokens is unavailable or too busy, 504 after the
        deadline. Labels of a request answered 503 or 504 may still be counted later.
        """
        # A large body is parsed in the thread, so that it doesn't block the event loop.
        items = parse_labels(body, answers=self._answers) if is_small(body) else body
        if self._waiting >= MAX_CONCURRENT_REQUESTS:
            raise RequestError(
                503, "overloaded", "too many requests are waiting", headers=RETRY_AFTER
            )
        try:
            async with asyncio.timeout(self._seconds):
                # Shielded: counting that has begun must finish.
                settled = await asyncio.shield(self._start(items))
        except TokenStoreError as error:
            self._failures.write(error)
            self._retry_later()
            raise RequestError(
                503, "feedback_unavailable", "labels can't be counted now", headers=RETRY_AFTER
            ) from error
        except TimeoutError as error:
            raise RequestError(504, "deadline", f"no answer within {self._seconds:g} s") from error
        rejected = [{"index": one.index, "reason": one.reason} for one in settled.rejected]
        answer = {"accepted": settled.accepted, "skipped": settled.skipped, "rejected": rejected}
        return Response(200, messages.encode_in_parts(answer))

    def refresh(self) -> None:
        """Read the keys again if the key file changed."""
        try:
            if self._ring.refresh():
                self.tokens.use(self._ring.keys)
        except KeyFileError as error:
            logger.error("the last good keys stay active: %s", error)

    def close(self) -> None:
        """Stop counting labels, after a last attempt to confirm uncertain ones."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._keeper is not None:
            self._keeper.close()
        self._count_confirmed()
        if self._unconfirmed:
            logger.error(
                "up to %d labels are lost: if sent again they may be rejected as duplicates"
                " although they were not counted",
                len(self._unconfirmed),
            )

    def _start(self, items: Sequence[Label] | bytes) -> asyncio.Future[FeedbackCounts]:
        """Start counting in the thread of the store."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._thread, self._settle, items)
        self._waiting += 1

        def ended(done: asyncio.Future[FeedbackCounts]) -> None:
            self._waiting -= 1
            _ = done.cancelled() or done.exception()  # retrieved: the client may be gone

        future.add_done_callback(ended)
        return future

    def _settle(self, items: Sequence[Label] | bytes) -> FeedbackCounts:
        if isinstance(items, bytes):
            items = parse_labels(items, answers=self._answers)
        self.refresh()
        if self._keeper is not None:
            items = self._keeper.completed(items)
        judged = self._scorer.verify(items)
        if self._pairing is not None:
            judged = self._pairing.joined(judged)
        store = self._store()
        self._add_late(store)
        try:
            return settle(judged, store, self._metrics)
        except TokenStoreError:
            self._unconfirmed = unconfirmed(judged)
            raise

    def _add_late(self, store: TokenStore) -> None:
        """Count labels whose tokens the store recorded in a request that was answered 503."""
        if self._unconfirmed:
            late = [self._unconfirmed[token] for token in store.confirmed_late()]
            self._metrics.add(confirmed(late))
            self._unconfirmed = {}

    def _retry_later(self) -> None:
        """Schedule another check: the client may never send these labels again."""
        if self._unconfirmed:
            loop = asyncio.get_running_loop()
            loop.call_later(
                UNCONFIRMED_RETRY_SECONDS, lambda: loop.create_task(self._retry_unconfirmed())
            )

    async def _retry_unconfirmed(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(RuntimeError):  # the worker is ending; `close` checks again
            await loop.run_in_executor(self._thread, self._count_confirmed)
            self._retry_later()

    def _count_confirmed(self) -> None:
        with contextlib.suppress(TokenStoreError):  # retried later
            if self._unconfirmed:
                self._add_late(self._store())

    def _store(self) -> TokenStore:
        settings = self._settings
        if self._seen is None:
            self._seen = open_token_store(settings, self._model)
        now = time.monotonic()
        if now - self._purged > PURGE_SECONDS:
            self._seen.purge(time.time() - settings.days * DAY)
            self._purged = now
        return self._seen


def _keeper(settings: FeedbackSettings, model: str, metrics: ServingMetrics) -> AnswerKeeper | None:
    """The store of answers; None where tokens hold them, or the settings don't ask for one."""
    if not metrics.outputs or not settings.answers_per_day:
        return None
    from serving.feedback.answer_keeper import AnswerKeeper

    return AnswerKeeper(settings, model, KeptAnswerMetrics(metrics.series))


class _Failures:
    """Logs failures of the store, at most one a second, because clients can cause them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = -1
        self._left_out = 0

    def write(self, error: TokenStoreError) -> None:
        """Log one failure, with the number left out before it."""
        second = int(self._clock())
        if second == self._second:
            self._left_out += 1
            return
        fields = {"fields": {"left_out": self._left_out}} if self._left_out else {}
        self._second, self._left_out = second, 0
        logger.error("labels can't be counted: %s", error, extra=fields)


def parse_labels(body: bytes, *, answers: bool = False) -> list[Label]:
    """The (token, actual) pairs of a ``/feedback`` request; (None, None) for a malformed item.

    With ``answers``, (token, answer, actual); without, tokens hold the answers, and one that a
    client sends back is not read. An item with only a token has no label yet, as
    writers that omit nulls send it.
    Raises ``RequestError``: 400 if ``body`` isn't JSON in UTF-8, 413 for more than
    ``MAX_LABELS``, 422 if it isn't a list.
    """
    document = messages.read_json(body, _BUDGET_WITH_ANSWERS if answers else _BUDGET)
    if not isinstance(document, list):
        raise RequestError(
            422,
            "malformed_request",
            "the body is not a list",
            expected='[{"token": "…", "actual": …}, …]',
            got=type(document).__name__,
        )
    if len(document) > MAX_LABELS:
        raise RequestError(
            413,
            "too_large",
            f"the request has {len(document)} labels",
            expected=f"at most {MAX_LABELS} labels a request",
        )
    if answers:
        return [
            (item["token"], item.get("answer"), item.get("actual"))
            if isinstance(item, dict) and item.keys() in _KEYS
            else (None, None, None)
            for item in document
        ]
    return [
        (item["token"], item.get("actual"))
        if isinstance(item, dict) and item.keys() in _KEYS
        else (None, None)
        for item in document
    ]
