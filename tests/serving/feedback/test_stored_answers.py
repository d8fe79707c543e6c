"""A store that fails costs answers, and comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from answer_stores import answers

from monitoring.feedback.answer_store import AnswerStore
from monitoring.feedback.sqlite_answers import SqliteAnswerStore
from monitoring.feedback.token_store import TokenStoreError
from serving.feedback.stored_answers import StoredAnswers


def test_answers_are_lost_while_the_store_fails_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = True

    def opened() -> AnswerStore:
        if broken:
            raise TokenStoreError("no room")
        return SqliteAnswerStore(tmp_path / "kept", 4)

    kept = StoredAnswers(opened, 36_500, "answers")
    assert asyncio.run(kept.keep(answers(2))) == 2
    assert asyncio.run(kept.keep(answers(2))) == 2
    assert [one.message for one in caplog.records] == ["answers are not kept: no room"]
    broken = False
    assert asyncio.run(kept.keep(answers(2))) == 0
    assert kept.keep_now(answers(7)) == 3  # beyond the bound of the day
    kept.close()
