"""Debian packages as ``mmdebstrap`` extracted them: versions, dependencies and files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packager.errors import PackageError
from packager.tar_reader import TarReader

LIST_FOLDER = "package-base"
MAX_NOTE = 16 * 1024 * 1024
# Runs before mmdebstrap removes the .deb files. Writes the lists into the tree, because in
# mmdebstrap's user namespace only the tree is certain to be writable.
LIST_SCRIPT = f"""set -e; mkdir "$1/{LIST_FOLDER}"
for deb in "$1"/var/cache/apt/archives/*.deb; do
    name="$1/{LIST_FOLDER}/$(dpkg-deb --field "$deb" Package)"
    dpkg-deb --field "$deb" > "$name.control"
    dpkg-deb --fsys-tarfile "$deb" | tar --list --quoting-style=literal > "$name.list"
done"""
ALTERNATIVES = re.compile(r"[|,]")
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


@dataclass(frozen=True)
class Deb:
    """One extracted package."""

    name: str
    version: str
    depends: frozenset[str]
    """Every package name it may depend on, including alternatives."""
    provides: frozenset[str]
    files: tuple[str, ...]
    """Paths without a leading slash, without folders."""
    control: str = ""
    """Its whole control file (deb-control(5)): source package, architecture, maintainer, …"""


def read_debs(reader: TarReader) -> dict[str, Deb]:
    """The packages that ``LIST_SCRIPT`` recorded in the tree, by name."""
    noted = {
        PurePosixPath(info.name).name: reader.content(info, MAX_NOTE).decode()
        for info in reader
        if PurePosixPath(info.name).parent == PurePosixPath(LIST_FOLDER) and info.isreg()
    }
    names = sorted(name.removesuffix(".control") for name in noted if name.endswith(".control"))
    if not names:
        raise PackageError(
            "mmdebstrap: expected a list of the packages it extracted, got none",
            "update mmdebstrap, then try again",
        )
    return {name: _deb(noted[f"{name}.control"], noted.get(f"{name}.list", "")) for name in names}


def _deb(control: str, files: str) -> Deb:
    lines = [line for line in control.splitlines() if not line.startswith((" ", "\t"))]
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    return Deb(
        name=fields["Package"],
        version=fields["Version"],
        depends=_named(fields.get("Pre-Depends", "")) | _named(fields.get("Depends", "")),
        provides=_named(fields.get("Provides", "")),
        files=tuple(
            str(PurePosixPath(line)) for line in files.splitlines() if not line.endswith("/")
        ),
        control=control,
    )


def _named(relation: str) -> frozenset[str]:
    """Package names in a relation field, without versions and architectures."""
    matches = (NAME.match(part.strip()) for part in ALTERNATIVES.split(relation))
    return frozenset(match.group() for match in matches if match)


def dependency_closure(debs: Mapping[str, Deb], roots: Iterable[str]) -> set[str]:
    """``roots`` and the packages they depend on, directly or indirectly."""
    closure: set[str] = set()
    todo = set(roots)
    while todo:
        new = {deb.name for deb in debs.values() if todo & ({deb.name} | deb.provides)} - closure
        closure |= new
        todo = {name for deb in new for name in debs[deb].depends}
    return closure


def versions(debs: Collection[Deb]) -> tuple[str, ...]:
    """``name=version`` of each package, sorted."""
    return tuple(sorted(f"{deb.name}={deb.version}" for deb in debs))
