"""Answers of ``[outputs]`` are kept under their tokens, and complete labels without them."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from served_labels import KEYS

from monitoring.feedback.answer_tokens import AnswerTokens
from monitoring.feedback.token_store import TokenStoreError
from monitoring.metrics.kept_answers import KeptAnswerMetrics
from monitoring.metrics.registry import Series
from serving.feedback import answer_keeper
from serving.feedback.answer_keeper import FILE, AnswerKeeper
from serving.feedback.settings import FeedbackSettings

TOKENS = AnswerTokens(KEYS, "a" * 64)
ANSWERS: list[Any] = [{"price": 1.5, "tags": ["new"]}, [0.5, None], "text"]


class Keeping:
    """A worker's keeper in a folder, and its counters."""

    def __init__(self, folder: Path, per_day: int = 100) -> None:
        environment = {
            "MODEL_STATE_DIR": str(folder),
            "MODEL_FEEDBACK_ANSWERS_PER_DAY": str(per_day),
        }
        settings = FeedbackSettings.from_environment(environment)
        self.registry = CollectorRegistry()
        self.keeper = AnswerKeeper(
            settings, "m", KeptAnswerMetrics(Series("m", "1", self.registry))
        )

    def kept(self, *batches: tuple[list[str], list[Any]]) -> None:
        async def run() -> None:
            for tokens, answers in batches:
                self.keeper.add(tokens, answers)
            expected = sum(len(answers) for _, answers in batches)
            until = time.monotonic() + 30
            while sum(self.counts()) < expected:
                assert time.monotonic() < until
                await asyncio.sleep(0.01)

        asyncio.run(run())

    def counts(self) -> tuple[float, ...]:
        """Answers that were kept, and lost."""
        labels = {"model": "m", "version": "1"}
        return tuple(
            self.registry.get_sample_value(
                "model_kept_answers_total", labels | {"outcome": outcome}
            )
            or 0.0
            for outcome in ("kept", "lost")
        )


def minted(answers: list[Any]) -> list[str]:
    return TOKENS.mint(answers, None, [1] * len(answers))


def test_a_label_without_its_answer_gets_the_one_that_was_sent(tmp_path: Path) -> None:
    tokens = minted(ANSWERS)
    Keeping(tmp_path).kept((tokens, ANSWERS))
    other = Keeping(tmp_path).keeper  # another worker's
    items = [(token, None, 1) for token in tokens]
    assert other.completed(items) == [
        (token, answer, 1) for token, answer in zip(tokens, ANSWERS, strict=True)
    ]
    # What came with an answer, has no label yet or is no token stays as it is.
    given = [(tokens[0], "mine", 1), (tokens[0], None, None), ("x", None, 1), (7, None, 1)]
    assert other.completed([*given, (None, None, None)]) == [*given, (None, None, None)]
    unknown = minted(["other"])[0]
    assert other.completed([(unknown, None, 1)]) == [(unknown, None, 1)]


def test_kept_and_lost_answers_are_counted(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, per_day=2)
    answers = [None, os.urandom(9_000).hex(), *ANSWERS]
    keeping.kept((minted(answers), answers))
    # No answer, a large one, and one beyond the bound of the day.
    assert keeping.counts() == (2, 3)


def test_more_than_may_wait_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_keeper, "MAX_WAITING", 4)
    keeping = Keeping(tmp_path)
    keeping.kept((minted(ANSWERS), ANSWERS), (minted(ANSWERS), ANSWERS))
    assert keeping.counts() == (4, 2)


def test_an_end_keeps_what_waits(tmp_path: Path) -> None:
    keeping, tokens = Keeping(tmp_path), minted(ANSWERS)

    async def run() -> None:
        keeping.keeper.add(tokens, ANSWERS)
        keeping.keeper.close()

    asyncio.run(run())
    assert keeping.counts() == (3, 0)
    assert Keeping(tmp_path).keeper.completed([(tokens[2], None, 1)]) == [(tokens[2], "text", 1)]


def test_a_store_that_can_t_be_read_is_an_error_until_it_can(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1_000)
    keeper, tokens = Keeping(tmp_path).keeper, minted(ANSWERS)
    with pytest.raises(TokenStoreError, match="not a database"):
        keeper.completed([(tokens[0], None, 1)])
    (tmp_path / FILE).unlink()
    assert keeper.completed([(tokens[0], None, 1)]) == [(tokens[0], None, 1)]
