"""Stub packages with the parts that a command reads."""

from __future__ import annotations

import json
from contextlib import contextmanager

from packager.digest import sha256_bytes
from packager.image.reference import Reference
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest, Schema
from packager.manifest.platform import Platform


def package_at(monkeypatch, base: str = "none") -> None:
    """Make every reference resolve to one package, without an engine."""
    lock = json.dumps({"python": "3.11", "platform": "linux/amd64", "base": base, "wheels": []})

    @contextmanager
    def opened(text: str, *_: object):
        entry = FileEntry(path="lock.json", sha256=sha256_bytes(lock.encode()), size=len(lock))
        own = Platform(files=(entry,), trees={}, settings={}, proved_on="native")
        manifest = Manifest.model_construct(
            files=(), schema_=Schema(features=()), platforms={"linux/amd64": own}
        )
        config = {"os": "linux", "architecture": "amd64"}
        yield Reference(
            text, config, manifest, lambda _: lock.encode(), False, None, lambda _: None
        )

    monkeypatch.setattr("packager.image.reference.open_reference", opened)
    # It has no layers that could be compared.
    monkeypatch.setattr("packager.trust.verified.run_checks", lambda *_, **__: [])
