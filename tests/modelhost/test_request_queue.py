"""Which requests form a batch, and when it begins."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from modelhost.request_queue import (
    MAX_BATCH_BYTES,
    MAX_LINGER,
    MAX_WAITING_BYTES,
    QueuedRequest,
    RequestQueue,
)
from modelhost.wire import Message

CONNECTION: Any = SimpleNamespace()


def request(number: int, group: Any = (), rows: int = 1, **more: Any) -> QueuedRequest:
    header = {"id": number, "group": group, "rows": rows, **more}
    return QueuedRequest(CONNECTION, Message(header))


def queue(*requests: QueuedRequest, max_rows: int = 10) -> RequestQueue:
    made = RequestQueue(max_rows, 20)
    for one in requests:
        assert made.add(one)
    return made


def batches(made: RequestQueue) -> list[list[int]]:
    found = []
    while len(made):
        found.append([one.number for one in made.take()])
    return found


def test_requests_of_a_group_form_a_batch_in_the_order_of_arrival() -> None:
    groups = ["a", "a", "b", "a", "b"]
    made = queue(*(request(number, group) for number, group in enumerate(groups)))
    assert batches(made) == [[0, 1, 3], [2, 4]]


def test_a_batch_has_so_many_rows_at_most_unless_one_request_has_more() -> None:
    sizes = [1, 4, 3, 2, 12]
    made = queue(*(request(n, rows=rows) for n, rows in enumerate(sizes)), max_rows=6)
    assert batches(made) == [[0, 1], [2, 3], [4]]


def test_requests_without_a_group_stay_alone() -> None:
    made = queue(request(0, None), request(1, None), request(2), request(3, None))
    assert batches(made) == [[0], [1], [2], [3]]


def test_beyond_its_bound_the_queue_takes_no_request() -> None:
    made = RequestQueue(10, 1)
    assert made.add(request(0))
    assert not made.add(request(1))


def test_a_single_client_is_never_held() -> None:
    made = queue(request(0))
    made.finished(len(made.take()), seconds=1.0)
    assert made.delay() is None
    made.add(request(1))
    assert made.delay() == 0.0


def test_those_who_were_answered_together_are_waited_for_briefly() -> None:
    made = queue(request(0), request(1))
    made.finished(len(made.take()), seconds=1.0)
    made.add(request(2))
    held = made.delay()
    assert held is not None
    assert 0 < held <= MAX_LINGER
    made.add(request(3))
    assert made.delay() == 0.0


def test_what_may_not_go_with_others_is_not_held() -> None:
    made = queue(request(0), request(1))
    made.finished(len(made.take()), seconds=1.0)
    made.add(request(2, None))
    assert made.delay() == 0.0


def test_cancelled_dropped_and_late_requests_leave_the_queue() -> None:
    late = request(2, deadline=time.monotonic_ns())
    made = queue(request(0), request(1), late)
    assert made.cancel(CONNECTION, 1)
    assert not made.cancel(CONNECTION, 1)
    assert not made.cancel(SimpleNamespace(), 0)
    assert made.expired() == [late]
    made.drop(CONNECTION)
    assert len(made) == 0


def sized(number: int, size: int) -> QueuedRequest:
    made = request(number)
    made.size = size
    return made


def test_a_batch_has_so_many_bytes_at_most_unless_one_request_has_more() -> None:
    half = MAX_BATCH_BYTES // 2
    sizes = [half, half, 1, 3 * half, 2]
    made = queue(*(sized(number, size) for number, size in enumerate(sizes)))
    assert batches(made) == [[0, 1], [2, 4], [3]]


def test_requests_that_wait_have_so_many_bytes_at_most() -> None:
    made = RequestQueue(10, 20)
    assert made.add(sized(0, MAX_WAITING_BYTES + 1))  # alone, it is bounded by the connection
    assert not made.add(sized(1, 1))
    assert made.cancel(CONNECTION, 0)
    assert made.add(sized(2, MAX_WAITING_BYTES))
    assert not made.add(sized(3, 1))
    made.take()
    assert made.add(sized(4, MAX_WAITING_BYTES))
    made.drop(CONNECTION)
    assert made.add(sized(5, MAX_WAITING_BYTES))


def test_the_size_of_a_request_is_that_of_its_buffers() -> None:
    made = QueuedRequest(CONNECTION, Message({"id": 1}, [b"1234", memoryview(b"56")]))
    assert made.size == 6
