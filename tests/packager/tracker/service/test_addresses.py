"""The addresses that a service tells people when it starts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from packager.tracker.notify.config import ServiceConfig
from packager.tracker.service.run import ReadyService, start
from packager.tracker.service.settings import ServiceSettings


def ready(state: Path, host: str, public_url: str = "") -> ReadyService:
    """A service that has its socket, and does not run."""
    return start(state, host, 0, ServiceSettings(public_url=public_url), ServiceConfig())


def close(started: ReadyService) -> None:
    started.sockets[0].close()
    started.context.tracker.store.close()


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("::1", "[::1]")]
)
def test_links_have_the_port_that_the_service_got(tmp_path: Path, host: str, shown: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    started = ready(tmp_path, host)
    try:
        port = started.sockets[0].getsockname()[1]
        assert port != 0
        assert started.context.settings.public_url == f"http://{shown}:{port}"
        assert started.login_url().startswith(f"http://{shown}:{port}/login/")
    finally:
        close(started)


def test_links_begin_with_the_public_address_if_it_is_given(tmp_path: Path) -> None:
    started = ready(tmp_path, "127.0.0.1", "https://issues.example.test/")
    try:
        assert started.login_url().startswith("https://issues.example.test/login/")
    finally:
        close(started)
