"""Names the wheels that make an image large before they are downloaded, and smaller ones."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packager.environment.pylock import ResolvedWheel
from packager.environment.wheels import wheel_path
from packager.manifest.manifest import Wheel
from packager.progress import Progress
from packager.text import format_bytes, listed

LARGE_BYTES = 2_000_000_000
"""The wheels of a package that unpack to more are named."""
UNPACKED_RATIO = 2
"""Size of an unpacked wheel to that of its file, where the file is not at hand. PyTorch's wheels
and those of CUDA have 1.3 to 2.3."""
MAX_NAMED = 5
_MAX_RATIO = 8
GRAPHICS = re.compile(r"nvidia-|cuda-|cupy-cuda|(pytorch-)?triton(-|$)|.*-cu1\d$|.*-gpu$")
"""Names of packages that only a graphics card needs."""
_SMALLER = {
    "xgboost": "require xgboost-cpu in place of xgboost",
    "tensorflow": "require tensorflow-cpu in place of tensorflow",
    "onnxruntime-gpu": "require onnxruntime in place of onnxruntime-gpu",
}


class _Size(NamedTuple):
    name: str
    size: int
    known: bool


def are_sizes_known(resolved: Sequence[ResolvedWheel]) -> bool:
    """Whether the sizes of these wheels are known before they are downloaded."""
    return all(_offered(item) is not None or _packed(item.wheel) is not None for item in resolved)


def warn_of_large_wheels(
    wheels: Sequence[Wheel],
    resolved: Sequence[ResolvedWheel],
    torch: str | None,
    progress: Progress,
) -> None:
    """Warn if ``wheels``, unpacked, exceed ``LARGE_BYTES``.

    ``resolved`` has the sizes of those that are to be downloaded; ``torch`` is the project's choice
    of PyTorch's wheels.
    """
    offered = {item.wheel.sha256: _offered(item) for item in resolved}
    packed = {wheel.sha256: _packed(wheel) or offered.get(wheel.sha256) or 0 for wheel in wheels}
    if sum(packed.values()) * _MAX_RATIO < LARGE_BYTES:
        return
    sizes = sorted(
        (_unpacked(wheel, packed[wheel.sha256]) for wheel in wheels),
        key=lambda one: (-one.size, one.name),
    )
    total = sum(one.size for one in sizes)
    if total <= LARGE_BYTES:
        return
    named = listed([f"{one.name} {format_bytes(one.size)}" for one in sizes], MAX_NAMED)
    about = "" if all(one.known for one in sizes) else "about "
    progress.warn(
        f"the wheels unpack to {about}{format_bytes(total)} in the image: {named}; "
        + _smaller(sizes, torch)
    )


def _packed(wheel: Wheel) -> int | None:
    path = wheel_path(wheel)
    return path.stat().st_size if path.is_file() else None


def _offered(item: ResolvedWheel) -> int | None:
    if item.size is None and item.url.startswith("file:"):
        path = Path(url2pathname(urlsplit(item.url).path))
        return path.stat().st_size if path.is_file() else None
    return item.size


def _unpacked(wheel: Wheel, packed: int) -> _Size:
    path = wheel_path(wheel)
    if not path.is_file():
        return _Size(wheel.name, packed * UNPACKED_RATIO, False)
    try:
        with zipfile.ZipFile(path) as archive:
            return _Size(wheel.name, sum(one.file_size for one in archive.infolist()), True)
    except zipfile.BadZipFile:  # what unpacks it says so
        return _Size(wheel.name, packed, False)


def _smaller(sizes: Sequence[_Size], torch: str | None) -> str:
    """Hint that names smaller wheels."""
    names = {one.name for one in sizes}
    graphics = sum(one.size for one in sizes if GRAPHICS.match(one.name))
    ways = [way for name, way in _SMALLER.items() if name in names]
    if "torch" in names and torch is None and graphics:
        ways.insert(
            0,
            'write torch = "cpu" under [requirements] in package.toml, which takes PyTorch\'s '
            "wheels without CUDA",
        )
    elif "torch" in names and torch not in (None, "cpu"):
        ways.insert(0, f'they are those of torch = "{torch}" in package.toml; "cpu" has none')
    detail = f"{format_bytes(graphics)} of it is for graphics cards: " if graphics else ""
    return detail + ("; ".join(ways) or "leave out what the model does not need")
