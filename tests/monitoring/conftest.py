"""A real Redis server for tests that need one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from redis_servers import Stop, redis_servers


@pytest.fixture(scope="session")
def redis_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], tuple[str, Stop]]]:
    """Start a Redis of one's own: its URL, and what stops it."""
    with redis_servers(tmp_path_factory.mktemp("redis")) as start:
        yield start


@pytest.fixture(scope="session")
def redis_url(redis_server: Callable[[], tuple[str, Stop]]) -> str:
    """One Redis for many tests."""
    return redis_server()[0]
