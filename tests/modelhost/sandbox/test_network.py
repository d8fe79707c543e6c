from __future__ import annotations

import subprocess
import sys

import pytest


def attempt(code: str) -> str:
    """What becomes of ``code`` in a process whose network is refused."""
    program = f"""
import socket, sys
from packager.errors import PackageError
from modelhost.sandbox.network import block_network
block_network("the recipe")
try:
    {code}
    print("done")
except PackageError as error:
    print(error.message)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("socket.create_connection(('example.invalid', 80))", "example.invalid:80"),
        ("socket.socket().connect(('127.0.0.1', 9))", "127.0.0.1:9"),
        ("socket.socket(socket.AF_INET6).connect(('::1', 9))", "::1:9"),
        ("socket.socket().bind(('', 8123))", ":8123"),
        ("socket.socket().bind(('0.0.0.0', 8123))", "0.0.0.0:8123"),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))", "127.0.0.1:9"),
        ("socket.gethostbyname('example.invalid')", "example.invalid"),
        ("import urllib.request as r; r.urlopen('http://example.invalid/')", "example.invalid:80"),
    ],
)
def test_every_way_to_the_network_is_refused_naming_the_place(code: str, place: str) -> None:
    assert attempt(code) == f"the recipe tried to reach the network ({place})"


def test_a_refusal_that_the_code_swallows_is_reported_once_all_the_same() -> None:
    program = """
import socket, sys
from modelhost.sandbox.network import block_network
block_network("the recipe")
for _ in range(2):
    try:
        socket.create_connection(("example.invalid", 80))
    except Exception:
        pass
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    told = "refused: the recipe tried to reach the network (example.invalid:80)\n"
    assert ended.stderr == told


def test_pairs_of_sockets_stay() -> None:
    assert attempt("one, other = socket.socketpair(); one.send(b'x'); other.recv(1)") == "done"


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket(socket.AF_INET6).bind(('::1', 0))",
        "import urllib3.util.connection as c; assert c._has_ipv6('::1') in (True, False)",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.socket().bind(('', 0))",
        "socket.gethostbyname('localhost')",
        "socket.getaddrinfo('127.0.0.1', 80)",
        "socket.getfqdn()",
    ],
)
def test_a_look_at_what_this_machine_has_is_no_way_to_the_network(code: str) -> None:
    assert attempt(code) == "done"
