"""Wrappers of started containers of the engine's client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packager.engine.streams import lines
from packager.engine.usage import Usage

LAST_LINES = 200


class RunningContainer:
    """A started container of the engine's client."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def alive(self) -> bool:
        """Whether it is still running."""
        self._container.reload()
        return bool(self._container.status == "running")


class ServerContainer(RunningContainer):
    """A serving container, published at ``url``."""

    def __init__(self, container: Any, url: str, started: float) -> None:
        super().__init__(container)
        self.url = url
        self.started = started

    def usage(self) -> Usage | None:
        """Usage of its processes as counted by the engine, without page cache."""
        api = self._container.client.api
        stats = api.stats(self._container.id, stream=False, one_shot=True)
        memory = stats["memory_stats"]
        cached = memory.get("stats", {}).get("inactive_file", 0)
        seconds = stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        return Usage(seconds, memory["usage"] - cached)

    def follow(self) -> Iterator[str]:
        """Its log lines, until it ends."""
        yield from lines(self._container.logs(stream=True, follow=True))

    def log(self) -> str:
        """Its last log lines."""
        last: bytes = self._container.logs(tail=LAST_LINES)
        return last.decode(errors="replace")
