"""The circuit breaker: when it opens, how long it pauses, and what closes it."""

from __future__ import annotations

from serving.shadow.breaker import MAX_FAILURES, MAX_PAUSE_SECONDS, CircuitBreaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(3):
        for _ in range(MAX_FAILURES - 1):
            assert breaker.failed() is None
        assert not breaker.succeeded()
    assert [breaker.failed() for _ in range(MAX_FAILURES)] == [None] * (MAX_FAILURES - 1) + [1.0]
    assert breaker.is_open
    assert not breaker.allows()


def test_one_trial_after_each_pause_which_doubles() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    for _ in range(MAX_FAILURES):
        breaker.failed()
    pauses = []
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        assert not breaker.allows()
        clock.now += pause
        assert breaker.allows()
        assert not breaker.allows()  # one trial at a time
        pauses.append(breaker.failed())
    assert pauses == [2, 4, 8, 16, 32, 60, 60, MAX_PAUSE_SECONDS]


def test_failures_of_requests_sent_before_it_opened_change_nothing() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(MAX_FAILURES):
        breaker.failed()
    assert breaker.failed() is None


def test_a_refused_trial_closes_it_and_keeps_the_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    assert [breaker.failed() for _ in range(MAX_FAILURES)][-1] == 1.0
    assert not breaker.refused()  # it was sent before the breaker opened
    clock.now = 1.0
    assert breaker.allows()
    assert breaker.refused()
    assert not breaker.is_open
    assert breaker.allows()
    assert not breaker.refused()
    assert [breaker.failed() for _ in range(MAX_FAILURES)] == [None] * (MAX_FAILURES - 1) + [2.0]


def test_refusals_between_failures_do_not_keep_it_closed() -> None:
    breaker = CircuitBreaker(Clock())
    pauses = []
    for _ in range(MAX_FAILURES):
        breaker.refused()
        pauses.append(breaker.failed())
    assert pauses[-1] == 1.0


def test_a_success_closes_it() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    for _ in range(MAX_FAILURES):
        breaker.failed()
    clock.now = 1.0
    assert breaker.allows()
    assert breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()
    assert breaker.failed() is None
