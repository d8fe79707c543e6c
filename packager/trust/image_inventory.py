"""The software in an image, from its layers: Python's metadata, dpkg, the release.

Read like a container would see it: later layers replace and remove files of earlier ones. Only
files of known names are kept; nothing is unpacked or run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cached_property
from pathlib import PurePosixPath

from packaging.utils import InvalidName, canonicalize_name

from packager.errors import PackageError
from packager.image.documents import MAX_DOCUMENT
from packager.image.layers import Layer
from packager.image.rootfs import OPAQUE, WHITEOUT

DISTRIBUTION = re.compile(
    r"(?P<folder>(?:.*/)?[^/]+\.(?:dist|egg)-info)/(?:METADATA|PKG-INFO|sboms/.+)"
)
STATUS = re.compile(r"var/lib/dpkg/(?:status|status\.d/[^/]+)")
RELEASE = ("etc/os-release", "usr/lib/os-release")
"""The first that is a file names the operating system (os-release(5))."""
COPYRIGHT = re.compile(r"usr/share/doc/[^/]+/copyright")
PYTHON = re.compile(r"usr/local/include/python3\.\d+/patchlevel\.h")
"""Names the version of a Python that no package of the base installed."""
MEMBER = re.compile(r"models/model/members/[^/]+/package/manifest\.json")
WANTED = re.compile(
    "|".join(
        f"(?:{one})"
        for one in (
            *(DISTRIBUTION.pattern.replace("?P<folder>", "?:"), STATUS.pattern, COPYRIGHT.pattern),
            *(PYTHON.pattern, MEMBER.pattern, *map(re.escape, RELEASE)),
        )
    )
)
MAX_FILES = 50_000
MAX_BYTES = 256 * 1024 * 1024
"""Of the files that are kept."""


@dataclass(frozen=True)
class InstalledDistribution:
    """A Python distribution in an image."""

    folder: str
    """Its ``.dist-info`` folder, without a leading slash."""
    metadata: str
    sboms: Mapping[str, bytes]
    """Name below ``sboms/`` → a bill of materials of what it contains (PEP 770)."""

    @cached_property
    def identity(self) -> tuple[str, str] | None:
        """Its canonical name, and its version as METADATA writes it; None if it states none."""
        headers = HeaderParser().parsestr(self.metadata)
        name, version = str(headers.get("Name") or ""), str(headers.get("Version") or "")
        try:
            return (canonicalize_name(name, validate=True), version) if version else None
        except InvalidName:
            return None


@dataclass(frozen=True)
class Inventory:
    """The files that describe the software of an image, by path without a leading slash."""

    files: Mapping[str, bytes]

    @property
    def distributions(self) -> list[InstalledDistribution]:
        """Every Python distribution with metadata, by folder."""
        folders: dict[str, dict[str, bytes]] = {}
        for name, content in self.files.items():
            if match := DISTRIBUTION.fullmatch(name):
                folder = match["folder"]
                folders.setdefault(folder, {})[name.removeprefix(f"{folder}/")] = content
        return [
            InstalledDistribution(
                folder,
                (inside.get("METADATA") or inside.get("PKG-INFO") or b"").decode(errors="replace"),
                {
                    name.removeprefix("sboms/"): content
                    for name, content in sorted(inside.items())
                    if name.startswith("sboms/")
                },
            )
            for folder, inside in sorted(folders.items())
        ]

    @property
    def release(self) -> dict[str, str]:
        """The fields of os-release; empty if the image has none."""
        content = next((self.files[name] for name in RELEASE if name in self.files), b"")
        lines = content.decode(errors="replace").splitlines()
        pairs = (line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
        return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def read_inventory(layers: Sequence[Layer]) -> Inventory:
    """Read the ``layers`` of an image, bottom up.

    Raises ``PackageError`` for a layer that can't be read, and for more than ``MAX_FILES`` files or
    ``MAX_BYTES`` bytes.
    """
    files: dict[str, bytes] = {}
    for layer in layers:
        hidden, added = _read(layer)
        gone = {name for name in files if hidden & _paths_above(name)}
        files = {name: content for name, content in files.items() if name not in gone} | added
        size = sum(map(len, files.values()))
        if len(files) > MAX_FILES or size > MAX_BYTES:
            raise PackageError(
                f"layer {layer.name}: expected metadata of at most {MAX_FILES:,} files and "
                f"{MAX_BYTES:,} bytes, got {len(files):,} files and {size:,} bytes",
                "the image is damaged or malicious: copy it again, or ask its author",
            )
    return Inventory(files)


def _read(layer: Layer) -> tuple[set[str], dict[str, bytes]]:
    """The paths that a layer removes from those below it, and its wanted files."""
    hidden: set[str] = set()
    files: dict[str, bytes] = {}
    with layer.members() as members:
        for info in members:
            path = PurePosixPath(info.name.lstrip("/"))
            if path.name == OPAQUE:
                hidden.add(f"{path.parent}/")
            elif path.name.startswith(WHITEOUT):
                hidden.add(str(path.with_name(path.name.removeprefix(WHITEOUT))))
            elif not info.isdir():
                # A file or link replaces what was at its path.
                hidden.add(str(path))
                if info.isreg() and WANTED.fullmatch(str(path)):
                    if len(files) >= MAX_FILES:
                        raise members.refusal(f"metadata of more than {MAX_FILES:,} files")
                    files[str(path)] = members.content(info, MAX_DOCUMENT)
    return hidden, files


def _paths_above(name: str) -> set[str]:
    """A path and its folders, as ``_read`` names them if they are removed."""
    parents = [str(parent) for parent in PurePosixPath(name).parents]
    return {name, *parents, *(f"{parent}/" for parent in parents)}
