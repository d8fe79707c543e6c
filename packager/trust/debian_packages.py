"""Debian packages of an image, from dpkg's database or the files of distroless images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packager.trust.image_inventory import STATUS, Inventory

SUMS = ".md5sums"
SOURCE = re.compile(r"(?P<name>\S+)(?: \((?P<version>[^)]+)\))?")
COPYRIGHT_FORMAT = re.compile(r"Format(?:-Specification)?:", re.IGNORECASE)
LICENCE = re.compile(r"^License:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class DebianPackage:
    """An installed binary package."""

    name: str
    version: str
    architecture: str
    source: str
    """Name of its source package, by which security trackers name it."""
    source_version: str
    maintainer: str
    licences: tuple[str, ...]
    """Short names in its machine-readable copyright file, as written; empty if it has none."""
    files: int | None
    """Files of it in the image, if a list of their sums says so."""


def debian_packages(inventory: Inventory) -> list[DebianPackage]:
    """The packages that the image's dpkg database lists as installed, by name."""
    packages = {
        (package.name, package.architecture): package
        for name, content in inventory.files.items()
        if STATUS.fullmatch(name) and not name.endswith(SUMS)
        for package in _packages(content.decode(errors="replace"), inventory)
    }
    return [packages[key] for key in sorted(packages)]


def _packages(text: str, inventory: Inventory) -> Iterator[DebianPackage]:
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields = _fields(paragraph)
        # Entries of status.d have no status: what they list is installed.
        installed = fields.get("status", "install ok installed").endswith(" installed")
        if fields.get("package") and fields.get("version") and installed:
            yield _package(fields, inventory)


def _fields(paragraph: str) -> dict[str, str]:
    """Lower-case name → first line of the value, of a control paragraph."""
    lines = [line for line in paragraph.splitlines() if not line.startswith((" ", "\t"))]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.lower(): value.strip() for name, value in pairs}


def _package(fields: dict[str, str], inventory: Inventory) -> DebianPackage:
    name, version = fields["package"], fields["version"]
    source = SOURCE.match(fields.get("source", ""))
    copyright_file = inventory.files.get(f"usr/share/doc/{name}/copyright", b"")
    sums = inventory.files.get(f"var/lib/dpkg/status.d/{name}{SUMS}")
    return DebianPackage(
        name=name,
        version=version,
        architecture=fields.get("architecture", ""),
        source=source["name"] if source else name,
        source_version=(source["version"] if source else None) or version,
        maintainer=fields.get("maintainer", ""),
        licences=_licences(copyright_file.decode(errors="replace")),
        files=None if sums is None else sums.count(b"\n"),
    )


def _licences(text: str) -> tuple[str, ...]:
    """The licences that a copyright file of Debian's machine-readable format names, each once."""
    if not COPYRIGHT_FORMAT.match(text.lstrip("\ufeff \t\r\n")):
        return ()
    return tuple(dict.fromkeys(LICENCE.findall(text)))
