from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest


def attempt(code: str) -> str:
    """What becomes of ``code`` in a process whose network is refused."""
    program = f"""
import socket, sys
from modelhost.errors import PackageError
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


SERVED = """
import socket
from modelhost.errors import PackageError
from modelhost.sandbox.network import FOR_SERVING, refuse_network
refuse_network("the model", FOR_SERVING)
try:
    {}
    print("done")
except PackageError as error:
    print(error.message, error.hint, sep="|")
except OSError as error:
    print("done")
"""


def served(code: str) -> tuple[str, str]:
    """What becomes of ``code`` in a served model, and what is logged."""
    program = SERVED.format(code)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return ended.stdout.strip(), ended.stderr.strip()


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("socket.socket().connect(('192.0.2.1', 80))", "192.0.2.1:80"),
        ("socket.create_connection(('shop.invalid', 443), 1)", "shop.invalid:443"),
        ("socket.socket().connect(('127.0.0.1', 9))", "127.0.0.1:9"),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 53))", "192.0.2.1:53"),
        ("socket.gethostbyname(b'shop.invalid')", "shop.invalid"),
        ("socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))", "2001:db8::1:80"),
        ("socket.socket(socket.AF_INET6).connect(('::ffff:192.0.2.1', 8))", "::ffff:192.0.2.1:8"),
    ],
)
def test_a_served_model_is_refused_the_same_and_told_how_to_allow_it(code: str, place: str) -> None:
    out, log = served(code)
    assert out == (
        f"the model tried to reach the network ({place})|"
        "set `network = true` under [serve] of package.toml and build again"
    )
    assert log == f"refused: the model tried to reach the network ({place})"


@pytest.mark.parametrize(
    "code",
    [
        "socket.socketpair()[0].sendall(b'x')",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.getaddrinfo('localhost', 80)",
        "socket.socket(socket.AF_UNIX).connect('/none')",
    ],
)
def test_what_stays_on_this_machine_is_left_to_the_kernel(code: str) -> None:
    assert served(code) == ("done", "")


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
        pytest.param(
            "import urllib3.util.connection as c; assert c._has_ipv6('::1') in (True, False)",
            marks=pytest.mark.skipif(find_spec("urllib3") is None, reason="not installed"),
        ),
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.socket().bind(('', 0))",
        "socket.gethostbyname('localhost')",
        "socket.getaddrinfo('127.0.0.1', 80)",
        "socket.getfqdn()",
    ],
)
def test_a_look_at_what_this_machine_has_is_no_way_to_the_network(code: str) -> None:
    assert attempt(code) == "done"
