"""Shutting the network out of this process."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any, Literal, NoReturn

from packager.errors import PackageError, UsageError
from packager.sandbox.kernel import close_network, described

ISOLATION = "MODEL_ISOLATION"
"""Set to ``container`` by whoever starts this process in a container without a network."""

_BIND = "socket.bind"
_NAMED_BY_SOCKET = {"socket.connect", _BIND, "socket.sendto", "socket.sendmsg"}
_NAMED_BY_HOST = {
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}


def block_network(who: str) -> None:
    """From now on, and for good, raise ``PackageError`` where ``who`` reaches for the network.

    What libraries do to see what the system has stays: binding a socket to this machine's loopback
    or to any free port, looking this machine's own name up, and pairs of sockets. An audit hook
    names the place; what passes by it (C code, started programs, Unix sockets) the kernel refuses
    where it can (``walls``), and in a container there is none of it.
    """
    if isolation() == "process":
        close_network()

    told: set[str] = set()

    def refuse(place: str) -> NoReturn:
        error = _refusal(who, place)
        if place not in told:  # code that catches the error and goes on is heard of all the same
            told.add(place)
            sys.stderr.write(f"refused: {error.message}\n")
        raise error

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NAMED_BY_SOCKET:
            sock, address = arguments[0], arguments[1]
            unix = sock.family == getattr(socket, "AF_UNIX", None)
            if not unix and not (event == _BIND and _stays_here(address)):
                refuse(_address(address))
        elif event in _NAMED_BY_HOST and not _is_own_name(arguments[0]):
            refuse(_host(arguments))

    sys.addaudithook(hook)


def isolation() -> Literal["container", "process"]:
    """What stands between this process and the network; ``UsageError`` for an unknown word."""
    match os.environ.get(ISOLATION, "process"):
        case "container":
            return "container"
        case "process":
            return "process"
        case other:
            raise UsageError(
                f"{ISOLATION}: expected 'container' or 'process', got {other!r}", "unset it"
            )


def describe_isolation() -> dict[str, str]:
    """What stands between this process and the machine, for the report."""
    where = isolation()
    return {"where": where, **described(contained=where == "container")}


def isolation_line(told: Mapping[str, str]) -> str:
    """``container (…)`` or ``process (Landlock ABI 7, seccomp, network namespace)``."""
    return f"{told['where']} ({told.get('measures') or 'measures not known'})"


def _refusal(who: str, place: str) -> PackageError:
    return PackageError(
        f"{who} tried to reach the network ({place})",
        "put what it needs into the project or the data: training and replay have no network",
    )


def _address(address: Any) -> str:
    """``host:port`` of a socket address, as the caller gave it."""
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return "the address it is connected to" if address is None else str(address)


def _stays_here(address: Any) -> bool:
    """Whether a bound address can't be meant for others: the loopback, or any free port."""
    if not isinstance(address, tuple) or len(address) < 2:
        return False
    return address[1] == 0 or _is_loopback(str(address[0]))


def _is_own_name(host: Any) -> bool:
    """Whether a name is this machine's own, so that no other one is asked for it."""
    if isinstance(host, tuple):
        host = host[0]
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    return name in ("localhost", socket.gethostname()) or _is_loopback(name)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _host(arguments: tuple[Any, ...]) -> str:
    host = arguments[0]
    if isinstance(host, tuple):
        return _address(host)
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    port = arguments[1] if len(arguments) > 1 else None
    return name if port is None else f"{name}:{port}"
