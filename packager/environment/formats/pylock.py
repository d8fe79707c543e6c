"""``pylock.toml`` of PEP 751: the packages that it selects for the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from packaging.markers import Environment
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockUnsupportedVersionError,
    PylockValidationError,
)

from packager.environment.formats import values
from packager.environment.formats.pins import LockedFile, LockedPackage, line_of
from packager.environment.formats.selection import DependencySelection
from packager.errors import UsageError
from packager.text import without_credentials

Source = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist


def lines(content: Mapping[str, Any], selection: DependencySelection, called: str) -> list[str]:
    """A line for each package of the lock that is needed on the target, in its version.

    Raises ``UsageError`` for a lock of another version of the format, for damage, and for a
    package that has no file for the target.
    """
    try:
        lock = Pylock.from_dict(content)
    except PylockUnsupportedVersionError as error:
        raise UsageError(
            f"{called}: expected lock-version 1.0, got "
            f"{values.display(content.get('lock-version'))}",
            "make it again with a tool that writes this version",
        ) from error
    except (PylockValidationError, ValueError) as error:
        raise UsageError(
            f"{called}: expected a lock of PEP 751, got an error in it: "
            f"{without_credentials(str(error))}",
            "make it again, or take it from version control",
        ) from error
    values.check_known("extra", selection.extras, lock.extras or (), called)
    groups = lock.dependency_groups or ()
    values.check_known("group", selection.groups, groups, called)
    if lock.requires_python is not None:
        values.check_python(str(lock.requires_python), called, selection)
    return [
        line_of(_pin(package), selection, called) for package in _selected(lock, selection, called)
    ]


def _selected(lock: Pylock, selection: DependencySelection, called: str) -> Iterator[Package]:
    # ``line_of`` compares the wheels and names the package: any wheel is selected here
    groups = [*(lock.default_groups or ()), *selection.groups]
    try:
        selected = lock.select(
            environment=cast(Environment, selection.environment),
            tags=list(selection.target.tags),
            extras=selection.extras,
            dependency_groups=groups,
        )
        yield from (package for package, _ in selected)
    except PylockSelectError as error:
        raise UsageError(
            f"{called}: expected a lock for Python {selection.target.python} on "
            f"{selection.target.uv_platform}, got one that does not fit: {error}",
            f"make it again where Python is {selection.target.python} and the system Linux, or "
            "name a base with the lock's Python as [image] base in package.toml",
        ) from error


def _pin(package: Package) -> LockedPackage:
    files = [_file(wheel) for wheel in package.wheels or ()]
    files += [_file(package.sdist)] if package.sdist else []
    if package.archive:
        files.append(LockedFile("", package.archive.hashes.get("sha256")))
    return LockedPackage(package.name, str(package.version or "0"), tuple(files), _address(package))


def _file(entry: PackageWheel | PackageSdist) -> LockedFile:
    return LockedFile(entry.filename, entry.hashes.get("sha256"))


def _address(package: Package) -> str | None:
    source = package.vcs or package.archive or package.directory
    if source is None:
        return None
    end = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    if isinstance(source, PackageVcs):
        return f"{source.type}+{source.url or source.path}@{source.commit_id}{end}"
    url = source.url if isinstance(source, PackageArchive) else None
    if url:
        return url + end
    path = str(source.path)
    return (path if path.startswith(("./", "../")) else f"./{path}") + end
