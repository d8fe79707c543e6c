"""A started container: whether it runs, what it used, what it said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from packager.engine.started import RunningContainer, ServerContainer
from packager.engine.usage import Usage


class Stub:
    """A container as the engine's client has it: its state is as of the last ``reload``."""

    def __init__(self, stats: dict[str, Any] | None = None) -> None:
        self.id = "abc"
        self.status = "created"
        self.now = "running"
        self.asked: dict[str, Any] = {}

        def told(name: str, **options: Any) -> dict[str, Any]:
            self.asked = {"name": name, **options}
            return stats or {}

        self.client = SimpleNamespace(api=SimpleNamespace(stats=told))

    def reload(self) -> None:
        self.status = self.now

    def logs(self, **options: bool) -> list[bytes]:
        assert options == {"stream": True, "follow": True}
        return [b"one\ntw", b"o\nthr", b"ee"]


@pytest.mark.parametrize(
    ("now", "alive"),
    [("running", True), ("exited", False), ("paused", False), ("dead", False), ("created", False)],
)
def test_a_container_is_alive_as_the_engine_says_at_this_moment(now: str, alive: bool) -> None:
    container = Stub()
    container.now = now
    assert RunningContainer(container).alive() is alive


@pytest.mark.parametrize(
    ("cached", "used"), [({"inactive_file": 300}, 700), ({}, 1_000), (None, 1_000)]
)
def test_the_page_cache_is_no_memory_that_the_processes_use(
    cached: dict[str, int] | None, used: int
) -> None:
    memory: dict[str, Any] = {"usage": 1_000}
    if cached is not None:
        memory["stats"] = cached
    stats = {"memory_stats": memory, "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}}}
    container = Stub(stats)
    server = ServerContainer(container, "http://127.0.0.1:1", 0.0)
    assert server.usage() == Usage(cpu_seconds=2.5, memory_bytes=used)
    # Once: a stream of them would take the engine a second each.
    assert container.asked == {"name": "abc", "stream": False, "one_shot": True}


def test_the_log_is_followed_line_by_line_to_its_end() -> None:
    server = ServerContainer(Stub(), "http://127.0.0.1:1", 0.0)
    assert list(server.follow()) == ["one", "two", "three"]
