"""References to images in a registry: ``HOST/NAME``, ``HOST/NAME:TAG`` or ``HOST/NAME@DIGEST``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from packager.errors import UsageError

PREFIX = "registry:"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])(?::\d{1,5})?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
MAX_REPOSITORY = 255
EXAMPLE = "for example registry.example:5000/team/model:1.2"


@dataclass(frozen=True)
class RegistryReference:
    """A repository of a registry, and a tag or a digest in it, or neither."""

    host: str
    """Name or address, with the port if one was given: ``registry.example:5000``."""
    repository: str
    """``team/model``."""
    tag: str | None = None
    digest: str | None = None
    """``sha256:…`` of a manifest."""

    @classmethod
    def parse(cls, text: str) -> RegistryReference:
        """Parse a reference, with or without ``registry:`` before it.

        Raises ``UsageError`` if it names no host, or if a part is malformed. A tag beside a digest
        is dropped: the digest decides.
        """
        host, _, rest = text.removeprefix(PREFIX).partition("/")
        name, _, digest = rest.partition("@")
        repository, _, tag = name.partition(":")
        checks = (
            ("a registry's host before the first /", host, _HOST, names_host(host)),
            ("a repository's name", repository, _REPOSITORY, len(repository) <= MAX_REPOSITORY),
            ("a tag", tag, _TAG, ":" in name),
            ("sha256: and 64 hex digits", digest, DIGEST, "@" in rest),
        )
        for expected, part, pattern, wanted in checks[:2]:
            if not (wanted and pattern.fullmatch(part)):
                raise UsageError(f"{text}: expected {expected}, got {part!r}", EXAMPLE)
        for expected, part, pattern, value in checks[2:]:
            if value and not pattern.fullmatch(part):
                raise UsageError(f"{text}: expected {expected}, got {part!r}", EXAMPLE)
        return cls(host, repository, None if digest else tag or None, digest or None)

    @property
    def target(self) -> str | None:
        """The digest in the repository, else the tag."""
        return self.digest or self.tag

    def at(self, target: str) -> RegistryReference:
        """The same repository at another tag or digest."""
        if DIGEST.fullmatch(target):
            return replace(self, tag=None, digest=target)
        return replace(self, tag=target, digest=None)

    def __str__(self) -> str:
        end = f"@{self.digest}" if self.digest else f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.repository}{end}"


def names_host(first: str) -> bool:
    """Whether the part before the first ``/`` is a host: it has a dot or colon, or is localhost."""
    return "." in first or ":" in first or first == "localhost"


def is_registry_reference(text: str) -> bool:
    """Whether REF is in a registry: it starts with ``registry:``, or with a host.

    An existing file or folder of that name comes first, as does ``oci:`` and ``docker-archive:``;
    whether an engine has a tag of that name is for the caller to ask.
    """
    if text.startswith(PREFIX):
        return True
    if text.startswith(("oci:", "docker-archive:", ".", "/", "~")) or Path(text).exists():
        return False
    first, slash, _ = text.partition("/")
    return bool(slash) and names_host(first)
