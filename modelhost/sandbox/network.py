"""Block the network for this process: the one policy of what stays on this machine.

A model gets the same answer where it is trained, checked and served.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any, Literal, NoReturn

from modelhost.errors import PackageError, UsageError
from modelhost.sandbox.kernel import close_network, described

ISOLATION = "MODEL_ISOLATION"
"""Set to ``container`` for a process in a container without a network."""

_REFUSED: list[str] = []
"""The refused uses of the network in this process."""
FOR_TRAINING = "put what it needs into the project or the data: training and replay have no network"
FOR_SERVING = "set `network = true` under [serve] of package.toml and build again"

_BIND = "socket.bind"
_NAMED_BY_SOCKET = {"socket.connect", _BIND, "socket.sendto", "socket.sendmsg"}
_NAMED_BY_HOST = {
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}


def block_network(who: str) -> None:
    """From now on, deny the network to ``who``, by the kernel too; it can't be undone.

    The kernel, where it can (``kernel``), denies what bypasses the hook of ``refuse_network``: C
    code, subprocesses, Unix sockets. A container has no network.
    """
    if isolation() == "process":
        close_network()
    refuse_network(who, FOR_TRAINING)


def refuse_network(who: str, hint: str) -> None:
    """From now on, raise ``PackageError`` if Python code of ``who`` uses the network.

    An audit hook raises and names the address. Calls with which libraries detect features of the
    system stay allowed: binding a socket to the loopback or to any free port, resolving this
    machine's name, and socket pairs. Unix sockets are left to the kernel.
    """
    _REFUSED.append(who)
    reported: set[str] = set()

    def refuse(location: str) -> NoReturn:
        error = PackageError(f"{who} tried to reach the network ({location})", hint)
        if location not in reported:  # reported even if the code catches the error
            reported.add(location)
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


def is_network_refused() -> bool:
    """Whether ``refuse_network`` was called: a process that this one starts must not have it."""
    return bool(_REFUSED)


def isolation() -> Literal["container", "process"]:
    """The kind of isolation of this process; raise ``UsageError`` for an unknown value."""
    setting = os.environ.get(ISOLATION, "process")
    if setting == "container":
        return "container"
    if setting == "process":
        return "process"
    raise UsageError(f"{ISOLATION}: expected 'container' or 'process', got {setting!r}", "unset it")


def describe_isolation() -> dict[str, str]:
    """The isolation of this process from the machine, for the report."""
    where = isolation()
    return {"where": where, **described(contained=where == "container")}


def isolation_line(environment: Mapping[str, str]) -> str:
    """``container (…)`` or ``process (Landlock ABI 7, seccomp, network namespace)``."""
    return f"{environment['where']} ({environment.get('measures') or 'measures not known'})"


def _address(address: Any) -> str:
    """``host:port`` of a socket address."""
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return "the address it is connected to" if address is None else str(address)


def _stays_here(address: Any) -> bool:
    """Whether a bound address is local: the loopback, or any free port."""
    if not isinstance(address, tuple) or len(address) < 2:
        return False
    return address[1] == 0 or _is_loopback(str(address[0]))


def _is_own_name(host: Any) -> bool:
    """Whether a name is this machine's own, which is resolved without the network."""
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
