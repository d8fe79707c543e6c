"""A base of a few files: what is read of one without running it, and whiteouts."""

from __future__ import annotations

from pathlib import Path

from packager.digest import canonical_json
from packager.environment.platform import default_platform
from packager.image.base.probe import HOST_VERSION
from packager.image.config import EPOCH, Image
from packager.image.layers import Entry, Layer, plain_layer

ENV = ["PATH=/usr/local/bin:/bin", f"PYTHON_VERSION={HOST_VERSION}"]
MINOR = HOST_VERSION.rpartition(".")[0]
STDLIB = f"usr/local/lib/python{MINOR}"
GLIBC = b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"
SOURCE = b"def join(*parts):\n    return '/'.join(parts)\n"


def tiny_layers(folder: Path, version: str = HOST_VERSION) -> tuple[Layer, ...]:
    """Layers of a base whose files say that it has Python ``version``, and no program."""
    folder.mkdir(parents=True, exist_ok=True)
    minor = version.rpartition(".")[0]
    lower = [
        Entry("lib/x86_64-linux-gnu/libc.so.6", source=GLIBC),
        Entry("lib/aarch64-linux-gnu/libc.so.6", source=GLIBC),
        Entry(f"{STDLIB}/removed.py", source=b"x = 1\n"),
    ]
    upper = [
        Entry(f"{STDLIB}/.wh.removed.py", source=b""),
        Entry(f"usr/local/bin/python{minor}", source=f"a\0{version}\0b".encode(), mode=0o755),
        Entry("usr/local/bin/python3", link=f"python{minor}"),
        Entry(f"{STDLIB}/os.py", source=SOURCE),
        Entry(f"{STDLIB}/json/__init__.py", source=SOURCE),
        Entry(f"{STDLIB}/test/test_os.py", source=SOURCE),
        Entry(f"{STDLIB}/site-packages/pip/__init__.py", source=SOURCE),
    ]
    return (
        plain_layer("debian", folder / "debian.tar", lower),
        plain_layer("python", folder / "python.tar", upper),
    )


def tiny_base(
    folder: Path, version: str = HOST_VERSION, platform: str | None = None, **settings: object
) -> Image:
    """The image of ``tiny_layers``; ``settings`` change its ``config`` object."""
    layers = tiny_layers(folder, version)
    system, architecture = (platform or default_platform()).split("/")
    described = {
        "architecture": architecture,
        "os": system,
        "config": {"Cmd": ["python3"], "Env": ENV, **settings},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": EPOCH, "created_by": "RUN # buildkit"} for _ in layers],
    }
    return Image("python:3-slim", canonical_json(described), layers)
