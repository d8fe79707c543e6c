"""The hashes of requirements: ``NAME==VERSION --hash=sha256:…``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

HASH = re.compile(r"\s--hash[= ]\s*(\w+:[0-9a-fA-F]+)")
_SHA256 = re.compile(r"\s--hash=sha256:([0-9a-fA-F]+)")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?=[^\w.:/-]|$)")


def other_algorithm(line: str) -> str | None:
    """The algorithm of a line that has hashes, and none of sha256; else None."""
    algorithms = [digest.partition(":")[0] for digest in HASH.findall(line)]
    return algorithms[0] if algorithms and "sha256" not in algorithms else None


def without_hashes(line: str) -> tuple[str, str]:
    """A line without its hashes, and the hashes as they are written behind a requirement."""
    hashes = "".join(f" --hash={digest}" for digest in HASH.findall(line))
    return HASH.sub("", line).strip(), hashes


def allowed_hashes(lines: Iterable[str]) -> dict[str, frozenset[str]]:
    """Canonical name → sha256 of the only files that may be taken for it."""
    hashes: dict[str, frozenset[str]] = {}
    for line in lines:
        name, allowed = _NAME.match(line), _SHA256.findall(line)
        if name and allowed:
            key = str(canonicalize_name(name[0]))
            hashes[key] = hashes.get(key, frozenset()) | {one.lower() for one in allowed}
    return hashes
