"""The addresses of members that run in containers of their own: ``NAME=URL,…``."""

from __future__ import annotations

from typing import Mapping, NamedTuple
from urllib.parse import urlsplit

from modelhost.errors import PackageError

VARIABLE = "MODELHOST_MEMBER_URLS"
"""By which the process of the flow is told."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class MemberUrl(NamedTuple):
    """The server of one member."""

    secure: bool
    host: str
    port: int
    path: str
    """Before ``/predict``; without a slash at its end."""

    def __str__(self) -> str:
        scheme = "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{self.path}"


def parse_urls(text: str) -> dict[str, MemberUrl]:
    """Member → its server, of ``NAME=URL,NAME=URL``; raises ``ValueError``."""
    urls: dict[str, MemberUrl] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, equals, url = part.partition("=")
        if not equals or not name or name in urls:
            raise ValueError(part)
        urls[name] = _parsed(url)
    return urls


def urls_as_text(urls: Mapping[str, MemberUrl]) -> str:
    """The inverse of ``parse_urls``."""
    return ",".join(f"{name}={url}" for name, url in urls.items())


def urls_of(environment: Mapping[str, str]) -> dict[str, MemberUrl]:
    """As the variable of the flow's process says; raises ``PackageError``."""
    text = environment.get(VARIABLE, "")
    try:
        return parse_urls(text)
    except ValueError as error:
        raise PackageError(
            f"{VARIABLE}: expected NAME=URL,…, got {text!r}", "unset it: the server sets it"
        ) from error


def _parsed(url: str) -> MemberUrl:
    parts = urlsplit(url)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not plain or not url.isascii():
        raise ValueError(url)
    if any(one.isspace() or not one.isprintable() for one in url):
        raise ValueError(url)
    port = parts.port or _DEFAULT_PORTS[parts.scheme]  # ``parts.port`` raises ``ValueError``
    return MemberUrl(parts.scheme == "https", parts.hostname, port, parts.path.rstrip("/"))
