"""Shutting the network out of this process, and writing down where its numbers come from."""

from __future__ import annotations

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np

from packager.errors import PackageError, UsageError
from packager.results import NumericalEnvironment

ISOLATION = "MODEL_ISOLATION"
"""Set to ``container`` by whoever starts this process in a container without a network."""

_NAMED_BY_SOCKET = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
_NAMED_BY_HOST = {
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}


def refuse_network(who: str) -> None:
    """From now on, and for good, raise ``PackageError`` where ``who`` reaches for the network.

    Unix sockets stay. Only this process is covered, not programs it starts: in a container the
    missing network covers those too.
    """

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NAMED_BY_SOCKET:
            sock, address = arguments[0], arguments[1]
            if sock.family != getattr(socket, "AF_UNIX", None):
                raise _refusal(who, _address(address))
        elif event in _NAMED_BY_HOST:
            raise _refusal(who, _host(arguments))

    sys.addaudithook(hook)


def numerical_environment() -> NumericalEnvironment:
    """What can change the last bits of a result here; call it after the libraries are loaded."""
    from threadpoolctl import threadpool_info

    pools = threadpool_info()
    return NumericalEnvironment(
        python=platform.python_version(),
        machine=platform.machine(),
        cpu=_cpu(),
        cpu_features=_cpu_features(),
        blas=tuple(sorted(_pool(pool) for pool in pools)),
        threads=max((int(pool["num_threads"]) for pool in pools), default=1),
        isolation=_isolation(),
        libc=" ".join(platform.libc_ver()).strip(),
        hash_seed=os.environ.get("PYTHONHASHSEED", "random"),
        locale=os.environ.get("LC_ALL") or os.environ.get("LANG", ""),
        timezone=os.environ.get("TZ", ""),
    )


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


def _host(arguments: tuple[Any, ...]) -> str:
    host = arguments[0]
    if isinstance(host, tuple):
        return _address(host)
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    port = arguments[1] if len(arguments) > 1 else None
    return name if port is None else f"{name}:{port}"


def _isolation() -> Literal["container", "process"]:
    match os.environ.get(ISOLATION, "process"):
        case "container":
            return "container"
        case "process":
            return "process"
        case other:
            raise UsageError(
                f"{ISOLATION}: expected 'container' or 'process', got {other!r}", "unset it"
            )


def _pool(pool: dict[str, Any]) -> str:
    parts = (pool["prefix"], pool.get("version"), pool.get("architecture"), pool["num_threads"])
    return " ".join(str(part) for part in parts if part is not None)


def _cpu_features() -> tuple[str, ...]:
    """Instruction sets NumPy was built for or has found here, in its order."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return (*simd.get("baseline", ()), *simd.get("found", ()))


def _cpu() -> str:
    """The processor's model name, or what the system says in its place."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or "unknown"
