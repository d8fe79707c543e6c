"""Credentials of package indexes, where uv finds them too: addresses, variables and keyring."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from packager.environment.programs import find_program, run


@dataclass(frozen=True)
class IndexAddress:
    """The address of an index, and the name that the user's or the project's settings give it."""

    url: str
    name: str = ""


def found_credentials(
    indexes: Iterable[IndexAddress], environment: Mapping[str, str], *, keyring: bool
) -> dict[str, tuple[str, str]]:
    """``host:port`` → (user, password) of ``indexes``; ``keyring``: whether to ask that program.

    Those of an address come first, then uv's variables of its name, then keyring.
    """
    credentials = dict[str, tuple[str, str]]()
    for index in indexes:
        parts = urlsplit(index.url)
        if parts.scheme not in ("http", "https"):
            continue
        host = parts.netloc.rpartition("@")[2]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        of_name = _of_name(index.name, environment)
        if password or (user and not keyring):
            credentials[host] = (user, password)
        elif of_name is not None:
            credentials.setdefault(host, of_name)
        elif keyring and host not in credentials:
            bare = parts._replace(netloc=host).geturl()
            login = _of_keyring(bare, host.partition(":")[0], user)
            if login is not None:
                credentials[host] = login
    return credentials


def addresses_in(words: Iterable[str]) -> Iterator[IndexAddress]:
    """The addresses among ``words``, each alone or after ``NAME=``."""
    for word in words:
        location = word.find("http")
        if "://" in word and location >= 0:
            yield IndexAddress(word[location:], word[:location].rstrip("=") if location else "")


def _of_name(name: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
    user = environment.get(f"UV_INDEX_{variable}_USERNAME", "") if name else ""
    password = environment.get(f"UV_INDEX_{variable}_PASSWORD", "") if name else ""
    return (user, password) if user or password else None


@functools.cache
def _of_keyring(url: str, host: str, user: str) -> tuple[str, str] | None:
    """The keyring's entry for an index, or else for its host; None without one."""
    program = find_program("keyring")
    if program is None:
        return None
    for service in (url, host):
        words = ("get", service, user) if user else ("--mode", "creds", "get", service)
        done = run([program, *words], os.environ)
        lines = done.stdout.splitlines()
        if done.returncode == 0 and user and lines:
            return user, lines[0]
        if done.returncode == 0 and len(lines) == 2:
            return lines[0], lines[1]
    return None
