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
