"""Tests that every store of answers passes."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.feedback.answer_store import AnswerStore
from monitoring.feedback.token_store import DAY, Token

NOW = 20_000 * DAY


def tokens(count: int, day: int = 0) -> list[Token]:
    return [(NOW + day * DAY, bytes([day, number]) + b"nonce!") for number in range(count)]


def answers(count: int, day: int = 0) -> list[tuple[Token, bytes]]:
    return [(token, f"answer {number}".encode()) for number, token in enumerate(tokens(count, day))]


def assert_keeps(store: AnswerStore, other: AnswerStore) -> None:
    """``store`` and ``other`` share one place for 5 answers a day."""
    made = answers(3) + answers(2, day=1)
    assert store.keep(made) == 5
    assert other.find([token for token, _ in reversed(made)]) == [one for _, one in reversed(made)]
    # The first answer stays.
    changed = [(made[0][0], b"another")]
    assert other.keep(changed) == 1
    assert store.find([made[0][0]]) == [made[0][1]]
    # Those that are kept need no room; of the others as many as fit.
    assert store.keep(answers(3)) == 3
    more = answers(8)
    assert store.keep(more) == 5
    found = other.find([token for token, _ in more])
    assert [one is not None for one in found] == [True] * 5 + [False] * 3
    assert store.find([]) == []
    assert store.keep([]) == 0


def found_in(store: AnswerStore, asked: Sequence[Token]) -> int:
    return sum(one is not None for one in store.find(asked))
