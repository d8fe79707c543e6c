from __future__ import annotations

from serving.http.worker_table import Heartbeat
from serving.processes.watchdog import Watchdog


def test_a_blocked_event_loop_is_a_hang() -> None:
    dog = Watchdog(3, 30)
    assert [dog.check(Heartbeat(1, 7, 0), 1.0) for _ in range(3)] == [None] * 3
    assert dog.check(Heartbeat(1, 7, 0), 1.0) == "its event loop was blocked for 3 s"
    assert not dog.loop_runs


def test_a_loop_that_runs_now_and_then_is_none() -> None:
    dog = Watchdog(3, 30)
    for beat in range(1, 40):
        assert dog.check(Heartbeat(1, beat // 3 + 1, 0), 1.0) is None


def test_a_worker_that_still_loads_may_take_its_time() -> None:
    dog = Watchdog(3, 30)
    assert {dog.check(Heartbeat(1, 0, 0), 1.0) for _ in range(100)} == {None}


def test_a_model_that_does_not_come_back_is_a_hang_after_the_deadline() -> None:
    dog = Watchdog(3, 5)
    said = [dog.check(Heartbeat(1, beat, 9), 1.0) for beat in range(1, 10)]
    assert said[:8] == [None] * 8
    assert said[8] == "its model call did not return within 3 s after the deadline of 5 s"
    assert dog.loop_runs


def test_a_model_that_is_always_at_something_else_is_none() -> None:
    dog = Watchdog(3, 5)
    assert {dog.check(Heartbeat(1, at, 1 + at // 4), 1.0) for at in range(1, 100)} == {None}


def test_time_in_which_everything_stood_still_does_not_count() -> None:
    dog = Watchdog(10, 30)
    dog.check(Heartbeat(1, 7, 0), 1.0)
    assert dog.check(Heartbeat(1, 7, 0), 3_600.0) is None
