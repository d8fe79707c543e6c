"""The address of a repository as others may see it: without credentials."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from packager.project.secrets import secret_written

SCHEMES = ("https", "http", "ssh", "git")
MAX_LENGTH = 1000
SSH_USER = "git"
"""The user of a shared account for ssh; any other names a person."""
_SHORT = re.compile(r"(?:(?P<user>[^\s@/:]+)@)?(?P<host>[A-Za-z0-9.-]{2,}):(?P<path>(?!//)[^\s]+)")
"""``user@host:path``, which git accepts for ssh."""


def public_address(url: str) -> str | None:
    """``url`` without user, password, query and fragment; None if it is no address for others.

    That is a path of this machine, another scheme than ``SCHEMES``, and what holds a credential in
    another place. ``git@HOST:PATH`` becomes ``ssh://git@HOST/PATH``.
    """
    short = _SHORT.fullmatch(url)
    if short is not None and "://" not in url:
        user = f"{short['user']}@" if short["user"] else ""
        url = f"ssh://{user}{short['host']}/{short['path'].lstrip('/')}"
    if len(url) > MAX_LENGTH or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in SCHEMES or not host:
        return None
    bracketed = f"[{host}]" if ":" in host else host
    user = f"{SSH_USER}@" if parts.scheme == "ssh" and parts.username == SSH_USER else ""
    address = f"{parts.scheme}://{user}{bracketed}{f':{port}' if port else ''}{parts.path}"
    return None if secret_written("address", address.encode()) else address
