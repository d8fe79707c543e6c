"""Layers constructed by hand, and an environment whose only wheel is not available."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from host_samples import LOCK

from packager.image.environments import environment_entries
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.runtime import MODEL, VENV
from packager.image.wheels import WheelFolder, site_packages
from packager.manifest.manifest import Lock, Wheel

ABSENT = Wheel(
    name="shop",
    version="1.0",
    filename="shop-1.0-py3-none-any.whl",
    sha256="0" * 64,
    groups=("server",),
)


TOP = f"opt/wheels/{'0' * 16}"
SITE = site_packages(TOP, "3.11")


def layer_of(folder: Path, name: str, files: dict[str, bytes]) -> Layer:
    made = [Entry(path, source=content) for path, content in files.items()]
    return plain_layer(name, folder / f"{name}.tar", made)


def environment(
    folder: Path,
    more: dict[str, bytes],
    *,
    record: str = "",
    interpreter: str = "/usr/bin/python3.11",
) -> tuple[Lock, Layer]:
    """A lock of one wheel, which is not available, and the layer with its installed files."""
    text = b"x = 1\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")
    files = {
        f"{SITE}/shop.py": text,
        f"{SITE}/shop-1.0.dist-info/RECORD": f"shop.py,sha256={digest},6\n{record}".encode(),
        f"{SITE}/__pycache__/shop.cpython-311.pyc": b"",
    }
    scripts = {n: c for n, c in more.items() if n.startswith(f"{TOP}/bin/")}
    names = sorted(name.removeprefix(f"{TOP}/") for name in {**files, **scripts})
    made = WheelFolder((ABSENT,), (), tuple(names))
    known = {TOP: {name.removeprefix(f"{TOP}/"): content for name, content in scripts.items()}}
    entries = environment_entries(VENV, "3.11", interpreter, [made], known)
    entries += environment_entries(MODEL, "3.11", "/usr/bin/python3.11", [])
    entries += [Entry(name, source=content) for name, content in (files | more).items()]
    lock = LOCK.model_copy(update={"wheels": (ABSENT,), "base": "none"})
    return lock, plain_layer("wheels", folder / "wheels.tar", entries)
