"""Layers constructed by hand, and an environment whose only wheel is not available."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from host_samples import LOCK

from packager.image.layers import Entry, Layer, plain_layer
from packager.image.wheels import site_packages, venv_entries
from packager.manifest.manifest import Lock, Wheel

SITE = site_packages("3.11")


ABSENT = Wheel(
    name="shop", version="1.0", filename="shop-1.0-py3-none-any.whl", sha256="0" * 64, group="serve"
)


def layer_of(folder: Path, name: str, files: dict[str, bytes]) -> Layer:
    made = [Entry(path, source=content) for path, content in files.items()]
    return plain_layer(name, folder / f"{name}.tar", made)


def environment(folder: Path, more: dict[str, bytes]) -> tuple[Lock, Layer]:
    """A lock of one wheel, which is not available, and the layer with its installed files."""
    text = b"x = 1\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")
    files = {
        f"{SITE}/shop.py": text,
        f"{SITE}/shop-1.0.dist-info/RECORD": f"shop.py,sha256={digest},6\n".encode(),
        f"{SITE}/__pycache__/shop.cpython-311.pyc": b"",
    }
    entries = [*venv_entries("3.11", "/usr/bin/python3.11")]
    entries += [Entry(name, source=content) for name, content in (files | more).items()]
    lock = LOCK.model_copy(update={"wheels": (ABSENT,), "base": "none"})
    return lock, plain_layer("wheels", folder / "wheels.tar", entries)
