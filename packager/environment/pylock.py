"""Reads what uv resolved (``pylock.toml``), and chooses one wheel of each package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from packager.environment.platform import WheelTarget
from packager.environment.resolver_errors import no_wheel_for, other_hash
from packager.manifest.manifest import Wheel


@dataclass(frozen=True)
class ResolvedWheel:
    """A wheel and its current address, which is not part of the lock."""

    wheel: Wheel
    url: str
    size: int | None = None
    """Bytes of the file; None if the index doesn't say."""


class ListedFile(NamedTuple):
    """A file that a pylock lists."""

    filename: str
    sha256: str
    url: str
    size: int | None


def write_preferences(path: Path, pins: Sequence[Wheel]) -> None:
    """Write an earlier lock to uv's output path, so that uv keeps versions that still fit."""
    lines = ['lock-version = "1.0"', 'created-by = "package"']
    for pin in pins:
        lines += ["[[packages]]", f'name = "{pin.name}"', f'version = "{pin.version}"']
    path.write_text("\n".join(lines) + "\n")


def listed_files(package: Mapping[str, Any], folder: Path) -> list[ListedFile]:
    """Every file that an entry of a pylock in ``folder`` lists."""
    entries = [*package.get("wheels", ()), *([package["archive"]] if "archive" in package else ())]
    files = []
    for entry in entries:
        url = entry.get("url") or (folder / entry["path"]).resolve().as_uri()
        filename = entry.get("name") or unquote(url.rsplit("/", 1)[-1].partition("#")[0])
        size = entry.get("size")
        files.append(ListedFile(filename, entry["hashes"]["sha256"], url, size))
    return files


def read_pylock(
    path: Path, target: WheelTarget, hashes: Mapping[str, frozenset[str]]
) -> dict[str, ResolvedWheel]:
    """Canonical name → the best wheel for the target, with its address.

    ``hashes`` are the sha256 that a package's wheel may have, where the project names them. Raises
    ``PackageError`` if a package has no compatible wheel, or none with such a hash.
    """
    selected: dict[str, ResolvedWheel] = {}
    for package in tomllib.loads(path.read_text()).get("packages", []):
        fitting = []
        for file in listed_files(package, path.parent):
            try:
                _, version, _, tags = parse_wheel_filename(file.filename)
            except InvalidWheelFilename:
                continue  # an sdist given by its address: an error below if nothing else fits
            ranks = [target.tags[tag] for tag in tags if tag in target.tags]
            if ranks:
                fitting.append((min(ranks), file.filename, str(version), file))
        if not fitting:
            raise no_wheel_for(package["name"], package.get("version", ""), target)
        name = str(canonicalize_name(package["name"]))
        allowed = hashes.get(name)
        known = [one for one in fitting if allowed is None or one[3].sha256 in allowed]
        if not known:
            raise other_hash(name, min(fitting)[1], min(fitting)[3].sha256)
        _, filename, release, file = min(known)
        wheel = Wheel(
            name=name, version=release, filename=filename, sha256=file.sha256, groups=("model",)
        )
        selected[name] = ResolvedWheel(wheel, file.url, file.size)
    return selected
