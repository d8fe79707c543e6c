from __future__ import annotations

import itertools
import os
import time

import pytest

from modelhost import short_wait
from modelhost.short_wait import ShortWait, processors

SECONDS = 0.001
"""How long a message is looked for."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which each look moves on by 10 µs, and seconds that a yield takes."""
    now = [100.0, 0.0]

    def monotonic() -> float:
        now[0] += 1e-5
        return now[0]

    def given_away() -> None:
        now[0] += now[1]

    monkeypatch.setattr(time, "monotonic", monotonic)
    monkeypatch.setattr(os, "sched_yield", given_away)
    return now


def looks(wait: ShortWait, until: float | None = None) -> int:
    """How often an answer that never comes is looked for."""
    calls = itertools.count()
    assert wait.look(lambda: None if next(calls) >= 0 else b"", until) is None
    return next(calls)


def test_an_answer_is_looked_for_until_it_is_there(clock: list[float]) -> None:
    answers = iter([None, None, b"answer"])
    assert ShortWait(2, SECONDS).look(lambda: next(answers), None) == b"answer"


def test_an_empty_answer_is_one(clock: list[float]) -> None:
    assert ShortWait(2, SECONDS).look(lambda: b"", None) == b""


def test_looking_ends_after_a_time_and_at_the_deadline(clock: list[float]) -> None:
    began = clock[0]
    assert looks(ShortWait(2, SECONDS)) > 10
    assert SECONDS <= clock[0] - began <= 1.1 * SECONDS
    assert looks(ShortWait(2, SECONDS), clock[0]) == 0
    assert 0 < looks(ShortWait(2, SECONDS), clock[0] + 1e-4) < 10


def test_nothing_is_looked_for_on_one_processor(clock: list[float]) -> None:
    assert looks(ShortWait(1, SECONDS)) == 0


def test_nothing_is_looked_for_after_an_answer_that_took_long(clock: list[float]) -> None:
    wait = ShortWait(2, SECONDS)
    wait.took(SECONDS)
    assert looks(wait) == 0
    wait.took(0.9 * SECONDS)
    assert looks(wait) > 10


def test_the_first_is_looked_for_only_if_it_is_expected_soon(clock: list[float]) -> None:
    wait = ShortWait(2, SECONDS, soon=False)
    assert looks(wait) == 0
    wait.took(0.9 * SECONDS)
    assert looks(wait) > 10


def test_looking_pauses_while_other_threads_want_the_processor(clock: list[float]) -> None:
    wait = ShortWait(2, SECONDS)
    clock[1] = 2 * short_wait.FREE_SECONDS
    assert looks(wait) == 1
    clock[1] = 0.0
    assert looks(wait) == 0
    clock[0] += short_wait.PAUSE_SECONDS
    assert looks(wait) > 10


def test_a_pause_gets_longer_until_an_answer_is_found(clock: list[float]) -> None:
    wait = ShortWait(2, SECONDS)
    pauses = []
    for _ in range(8):
        clock[1] = 2 * short_wait.FREE_SECONDS
        assert looks(wait) == 1
        began, clock[1] = clock[0], 0.0
        while not looks(wait):
            clock[0] += short_wait.PAUSE_SECONDS / 4
        pauses.append(clock[0] - began)
    assert pauses == sorted(pauses)
    assert pauses[0] < 2 * short_wait.PAUSE_SECONDS
    assert short_wait.MAX_PAUSE_SECONDS <= pauses[-1] <= 1.1 * short_wait.MAX_PAUSE_SECONDS
    assert wait.look(lambda: b"answer", None) == b"answer"
    clock[1] = 2 * short_wait.FREE_SECONDS
    assert looks(wait) == 1
    clock[1] = 0.0
    clock[0] += 1.1 * short_wait.PAUSE_SECONDS
    assert looks(wait) > 10


def test_processors_are_those_of_the_server_s_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert processors({}) == 4
    assert processors({"OMP_NUM_THREADS": "2"}) == 2
    assert processors({"OMP_NUM_THREADS": "16"}) == 4
    assert processors({"OMP_NUM_THREADS": "4,2"}) == 4
