"""The repositories of a registry that have a blob, as far as this machine has seen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from packager.cache import atomic_file, cache_directory
from packager.digest import canonical_json

MAX_BLOBS = 5_000
"""Blobs per registry that are remembered; the oldest are forgotten."""


def mount_sources(host: str) -> dict[str, str]:
    """Digest → repository of ``host`` that had the blob; a hint, which may be out of date."""
    try:
        record = json.loads(_file(host).read_bytes())
    except (OSError, ValueError, RecursionError):  # then blobs are sent instead of mounted
        return {}
    pairs = record if isinstance(record, list) else []
    return {
        pair[0]: pair[1]
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)
    }


def remember_blobs(host: str, repository: str, digests: Iterable[str]) -> None:
    """Record that ``repository`` has these blobs."""
    known = mount_sources(host)
    for digest in digests:
        known.pop(digest, None)
        known[digest] = repository
    newest = list(known.items())[-MAX_BLOBS:]
    with atomic_file(_file(host)) as new:
        new.write_bytes(canonical_json(newest))


def _file(host: str) -> Path:
    return cache_directory("registries") / f"{host.replace(':', '_')}.json"
