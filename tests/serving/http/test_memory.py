"""Large requests: garbage collection is paused, and memory is returned afterwards."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from serving.http import memory


def test_the_garbage_collector_is_paused_and_resumed() -> None:
    def failing() -> None:
        with memory.gc_paused():
            assert not gc.isenabled()
            raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        failing()
    assert gc.isenabled()
    gc.disable()
    try:
        with memory.gc_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_memory_is_trimmed_once_for_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "TRIM_SECONDS", 0.01)
    given = []
    done = threading.Event()
    trimmer = memory.MemoryTrimmer()

    def trim(kept: int) -> None:
        given.append(kept)
        done.set()

    trimmer._trim = trim

    async def requests() -> None:
        for _ in range(5):
            trimmer.schedule()
        await asyncio.sleep(0.1)

    asyncio.run(requests())
    assert done.wait(60)
    assert given == [0]
