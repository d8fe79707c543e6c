"""Refuses the network to Python code, with an error that names the address.

The kernel refuses it to all code, where it can; this hook says what to do about it.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from modelhost.errors import PackageError

_BY_ADDRESS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind")
_BY_NAME = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


def refuse_network() -> None:
    """From now on, raise ``PackageError`` for a use of the network; it can't be undone.

    Unix sockets and the loopback stay allowed to the hook, because libraries detect features and
    start helpers with them.
    """
    told = set()

    def hook(event: str, arguments: Any) -> None:
        if event in _BY_ADDRESS:
            family, address = arguments[0].family, arguments[1]
            if family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
                place = ":".join(map(str, address[:2]))
                host = str(address[0])
            else:
                return
        elif event in _BY_NAME:
            host = place = _text(arguments[0])
        else:
            return
        if host in ("", "0.0.0.0", "::", "::1", "localhost") or host.startswith("127."):
            return
        if place not in told:  # told even if the code catches the error
            told.add(place)
            sys.stderr.write(f"refused: the model tried to reach the network ({place})\n")
        raise PackageError(
            f"the model tried to reach the network ({place})",
            "set `network = true` under [serve] of package.toml and build again",
        )

    sys.addaudithook(hook)


def _text(host: Any) -> str:
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host)
