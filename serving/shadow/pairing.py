"""Joins late labels with what the challenger answered to their rows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from monitoring.feedback.answer_store import AnswerStore
from monitoring.feedback.challenger_answers import ChallengerAnswer
from monitoring.feedback.scoring import LabelMetrics, VerifiedLabel, VerifiedLabels
from monitoring.feedback.token_store import TokenStoreError
from monitoring.feedback.tokens import hashed
from monitoring.metrics.feedback import ScoredLabel
from monitoring.metrics.shadow import PairedFeedbackMetrics, PairedLabel, ShadowPairMetrics

logger = logging.getLogger("serving")


class ShadowPairing:
    """Finds the answers kept for labels; used in the thread of the labels."""

    def __init__(self, open_store: Callable[[], AnswerStore], pairs: ShadowPairMetrics) -> None:
        self._open = open_store
        self._store: AnswerStore | None = None
        self._pairs = pairs
        self._failing = False

    def counting(self, labels: LabelMetrics) -> LabelMetrics:
        """The metrics that count labels in ``labels``, and their pairs."""
        return PairedFeedbackMetrics(labels, self._pairs)

    def joined(self, judged: VerifiedLabels) -> VerifiedLabels:
        """The same labels, each with the challenger's answer if it is kept.

        Without the store labels count all the same, but not in pairs.
        """
        answers = self._stored_answers(judged)
        good = [_joined(one, answer) for one, answer in zip(judged.good, answers, strict=True)]
        return replace(judged, good=good)

    def _stored_answers(self, judged: VerifiedLabels) -> list[ChallengerAnswer | None]:
        if not judged.good:
            return []
        try:
            if self._store is None:
                self._store = self._open()
            tokens = [(one.token.minted, one.token.nonce) for one in judged.good]
            packed = self._store.find(tokens)
        except TokenStoreError as error:
            if not self._failing:
                logger.error("labels are counted without the challenger's answers: %s", error)
            self._failing = True
            if self._store is not None:
                self._store.close()
            self._store = None
            return [None] * len(judged.good)
        self._failing = False
        return [ChallengerAnswer.unpacked(one) for one in packed]


def _joined(one: VerifiedLabel, answer: ChallengerAnswer | None) -> VerifiedLabel:
    scored = one.outcome
    if not isinstance(scored, ScoredLabel):
        raise TypeError(f"expected a label of one class or number, got {type(scored).__name__}")
    if answer is None or not (scored.correct is not None or answer.is_finite):
        paired = PairedLabel(scored)
    elif scored.correct is None:
        paired = PairedLabel(scored, answer.version, error=answer.number - scored.actual)
    else:
        right = hashed(scored.actual) == answer.prediction
        paired = PairedLabel(scored, answer.version, correct=right)
    return replace(one, outcome=paired)
