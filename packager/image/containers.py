"""Containers that run: whether they still do, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packager.image.streams import lines


class RunningContainer:
    """A container that was started, as the engine's client knows it."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def alive(self) -> bool:
        """Whether it still runs."""
        self._container.reload()
        return bool(self._container.status == "running")


class ServerContainer(RunningContainer):
    """A serving container, published at ``url``."""

    def __init__(self, container: Any, url: str) -> None:
        super().__init__(container)
        self.url = url

    def follow(self) -> Iterator[str]:
        """Its log lines, until it ends."""
        yield from lines(self._container.logs(stream=True, follow=True))
