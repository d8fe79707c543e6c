"""The server answers this machine only, and only reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from packager.errors import UsageError
from packager.report.dashboard.address import PageAddress
from packager.report.dashboard.server import dashboard_server
from packager.report.dashboard.site import SitePage


class Echo:
    """Pages that say which address they are of."""

    def served(self, address: PageAddress) -> SitePage:
        return SitePage(200, address.link())


@pytest.fixture
def port() -> Iterator[int]:
    with dashboard_server(Echo(), 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str = "") -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_a_page_has_a_policy_without_scripts_and_is_not_kept(port: int) -> None:
    answer, text = ask(port, "/?view=slice&slice=a%20b&window=7d")
    assert (answer.status, text) == (200, "/?view=slice&window=7d&slice=a+b")
    policy = answer.getheader("Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("frame-ancestors 'none'")
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Refresh") is None
    answer, _ = ask(port, "/?refresh=1")
    assert answer.getheader("Refresh") == "60"


@pytest.mark.parametrize(
    ("path", "host", "status", "told"),
    [
        ("/x", "", 404, "/x: expected /, which has all pages"),
        ("/?view=%3Cscript%3E", "", 400, "got &#x27;&lt;script&gt;&#x27;"),
        ("/", "evil.example:80", 421, "expected the host 127.0.0.1 or localhost"),
    ],
)
def test_what_is_not_a_page_is_refused(
    port: int, path: str, host: str, status: int, told: str
) -> None:
    answer, text = ask(port, path, host=host)
    assert answer.status == status
    assert told in text
    assert ask(port, "/", "POST")[0].status == 501


def test_localhost_is_this_machine_and_a_taken_port_is_refused(port: int) -> None:
    assert ask(port, "/", host=f"localhost:{port}")[0].status == 200
    with pytest.raises(UsageError, match=f"expected a free port, got {port}"):
        dashboard_server(Echo(), port)
