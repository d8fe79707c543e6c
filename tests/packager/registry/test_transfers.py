from __future__ import annotations

import io
import threading
import time

import pytest

from packager.errors import PackageError
from packager.registry.transfers import AT_ONCE, StoppableFile, at_once, check_running


def test_results_come_as_they_finish_four_at_a_time():
    running, most = 0, 0
    lock = threading.Lock()

    def act(item: int, _: threading.Event) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        return item

    assert sorted(at_once(act, range(20))) == [*range(20)]
    assert most <= AT_ONCE


def test_the_first_error_stops_the_others():
    begun: list[int] = []

    def act(item: int, stopped: threading.Event) -> None:
        begun.append(item)
        if item == 0:
            raise PackageError("the first")
        assert stopped.wait(60)
        check_running(stopped)

    with pytest.raises(PackageError, match="the first"):
        list(at_once(act, range(100)))
    assert len(begun) <= AT_ONCE + 1


def test_a_consumer_that_ends_stops_them():
    def act(item: int, stopped: threading.Event) -> int:
        if item:
            stopped.wait(60)
        return item

    found = at_once(act, range(100))
    assert next(found) == 0
    found.close()


def test_a_stopped_file_can_not_be_read():
    stopped = threading.Event()
    inner = io.BytesIO(b"abcdef")
    file = StoppableFile(inner, stopped)
    assert file.read(3) == b"abc"
    assert (file.tell(), file.seek(1), file.read(1)) == (3, 1, b"b")
    stopped.set()
    with pytest.raises(PackageError, match="stopped"):
        file.read(1)
    file.close()
    assert inner.closed
