"""The hook that refuses the network, in a process of its own because it can't be undone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
SCRIPT = """
import socket
from modelhost.errors import PackageError
from modelhost.network import refuse_network
refuse_network()
try:
    {}
except PackageError as error:
    print(error.message, error.hint, sep="|")
except OSError as error:
    print("allowed")
else:
    print("allowed")
"""


def said(call: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(call)], cwd=TOP, capture_output=True, text=True
    )
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    ("call", "place"),
    [
        ("socket.socket().connect(('192.0.2.1', 80))", "192.0.2.1:80"),
        ("socket.create_connection(('shop.invalid', 443), 1)", "shop.invalid"),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 53))", "192.0.2.1:53"),
        ("socket.gethostbyname(b'shop.invalid')", "shop.invalid"),
        ("socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))", "2001:db8::1:80"),
    ],
)
def test_an_address_elsewhere_is_refused_by_its_name(call: str, place: str) -> None:
    out, log = said(call)
    assert out == (
        f"the model tried to reach the network ({place})|"
        "set `network = true` under [serve] of package.toml and build again"
    )
    assert log == f"refused: the model tried to reach the network ({place})"


@pytest.mark.parametrize(
    "call",
    [
        "socket.socketpair()[0].sendall(b'x')",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.getaddrinfo('localhost', 80)",
        "socket.socket(socket.AF_UNIX).connect('/none')",
    ],
)
def test_what_stays_on_this_machine_is_left_to_the_kernel(call: str) -> None:
    assert said(call) == ("allowed", "")
