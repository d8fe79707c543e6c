"""The heartbeat is two numbers of shared memory that the supervisor reads."""

from __future__ import annotations

import os
import struct
import time

from modelhost.heartbeat import HostHeartbeat


def test_beat_and_busy_are_written_at_the_given_place() -> None:
    memory = os.memfd_create("heartbeat")
    os.ftruncate(memory, 48)

    def words() -> tuple[int, ...]:
        return struct.unpack("6Q", os.pread(memory, 48, 0))

    heartbeat, began = HostHeartbeat(f"{memory}:16"), time.monotonic_ns()
    heartbeat.beat()
    with heartbeat.busy():
        first, second, beat, busy, *rest = words()
    assert began <= beat <= busy <= time.monotonic_ns()
    assert (first, second, *rest) == (0, 0, 0, 0)
    assert words()[3] == 0
    assert not os.get_inheritable(memory)


def test_without_a_supervisor_nothing_is_written() -> None:
    heartbeat, called = HostHeartbeat(None), False
    heartbeat.beat()
    with heartbeat.busy():
        called = True
    assert called
