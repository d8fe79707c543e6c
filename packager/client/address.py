"""Parses the address of a server."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from packager.errors import UsageError


def server_address(url: str) -> SplitResult:
    """The parts of a server's address; raises ``UsageError`` if it is invalid."""
    try:
        parts = urlsplit(url)
        host = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:  # an unbalanced bracket
        host = None
    if not host:
        raise UsageError(
            f"{url}: expected an address like http://127.0.0.1:3000", "begin with http://"
        )
    return parts


def is_this_machine(host: str) -> bool:
    """Whether ``host`` is a loopback address or ``localhost``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
