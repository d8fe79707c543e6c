"""The address of a server, as a person writes it."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from packager.errors import UsageError


def server_address(url: str) -> SplitResult:
    """The parts of a server's address; raises ``UsageError`` for another text."""
    try:
        parts = urlsplit(url)
        found = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:  # a bracket without its pair
        found = None
    if not found:
        raise UsageError(
            f"{url}: expected an address like http://127.0.0.1:3000", "begin with http://"
        )
    return parts


def is_this_machine(host: str) -> bool:
    """Whether ``host`` names this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
