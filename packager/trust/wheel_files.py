"""Check that a folder of wheels holds the files of its wheels, and nothing else."""

from __future__ import annotations

import base64
import csv
import io
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile, ZipFile

from packaging.utils import canonicalize_name, canonicalize_version

from packager.digest import sha256_file
from packager.environment.wheels import wheel_path
from packager.errors import PackageError
from packager.image.trees import RECORD, Tree, is_bytecode_of
from packager.image.unpacking import may_be_left_out
from packager.image.wheels import WheelFolder, site_packages
from packager.manifest.manifest import Wheel
from packager.model.integrity import MISSING, IntegrityCheck

INSTALLER_FILES = {"INSTALLER", "RECORD"}
"""Files that an installer adds to a wheel's ``.dist-info``."""


@dataclass(frozen=True)
class ImageWheelFolder:
    """A folder of wheels in an image."""

    folder: WheelFolder
    checks: tuple[IntegrityCheck, ...]
    """Failed checks."""
    unverified: tuple[str, ...]
    """Wheels that are not in the wheelhouse, so that only the package lists their files."""


def examine_folder(path: str, tree: Tree, python: str, wheels: Sequence[Wheel]) -> ImageWheelFolder:
    """Compare the files of the folder ``path`` with those of its wheels, among ``wheels``."""
    site = site_packages("", python).lstrip("/")
    installed = _installed(tree, site)
    named: dict[str, str | None] = {}
    held, unverified = [], []
    for wheel in wheels:
        info = installed.get(_key(wheel.filename))
        if info is None:
            continue
        held.append(wheel)
        recorded_files = recorded(tree[f"{info}/RECORD"].content.decode(errors="replace"), site)
        text = _of_wheel(wheel)
        if text is None:
            unverified.append(wheel.filename)
            named |= recorded_files
        else:
            named |= recorded(text, site)
            named |= {name: None for name in recorded_files if name.startswith("bin/")}
        named |= {f"{info}/{name}": None for name in INSTALLER_FILES}
    names = tuple(sorted(name for name in tree if name in named))
    folder = WheelFolder(tuple(held), (), names)
    checks = _differences(path, tree, named)
    if held and folder.path != path:
        checks.append(failed(f"environment: {path}", folder.path, path))
    return ImageWheelFolder(folder, tuple(checks), tuple(unverified))


def _differences(path: str, tree: Tree, named: Mapping[str, str | None]) -> list[IntegrityCheck]:
    """Failed checks for files that differ from the wheel's, are in no wheel, or are missing.

    Bytecode beside its module is compiled by a build, in place of that which some wheels hold.
    """
    checks = []
    for name in sorted(tree.keys() | named.keys()):
        actual, expected = tree.get(name), named.get(name)
        called = f"environment: {path}/{name}"
        if actual is None:
            needed = not may_be_left_out(name) and not name.endswith(".pyc")
            if expected is not None and needed:
                checks.append(failed(called, expected, MISSING))
        elif is_bytecode_of(name, tree) and not actual.link:
            continue
        elif name not in named:
            checks.append(failed(called, "no such file in any locked wheel", str(actual)))
        elif (expected is not None and str(actual) != expected) or actual.link:
            checks.append(failed(called, expected or "a file", str(actual)))
    return checks


def failed(name: str, expected: str, actual: str) -> IntegrityCheck:
    """A failed check."""
    return IntegrityCheck(name=name, expected=expected, actual=actual, ok=False)


def recorded(text: str, site: str) -> dict[str, str | None]:
    """Files of a RECORD: path below the environment → sha256 in hex.

    None for files that the installer rewrites, such as scripts, whose first line it sets.
    """
    files: dict[str, str | None] = {}
    for row in csv.reader(io.StringIO(text)):
        if len(row) < 2:
            continue
        path, digest = row[0], _hex(row[1])
        top, _, rest = path.partition("/")
        if top.endswith(".data") and rest:
            scheme, _, inner = rest.partition("/")
            match scheme:
                case "purelib" | "platlib":
                    path = f"{site}/{inner}"
                case "scripts":
                    path, digest = f"bin/{inner}", None
                case "headers":
                    path = f"include/{top.partition('-')[0]}/{inner}"
                case _:
                    path = inner
        else:
            path = posixpath.normpath(f"{site}/{path}")
        files[path] = digest
    return files


def _of_wheel(wheel: Wheel) -> str | None:
    """The RECORD of a wheel in the wheelhouse; None if it is absent or not the locked file."""
    path = wheel_path(wheel)
    if not path.is_file() or sha256_file(path) != wheel.sha256:
        return None
    try:
        with ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith(RECORD) and n.count("/") == 1)
            return archive.read(name).decode()
    except (BadZipFile, StopIteration, UnicodeDecodeError) as error:
        raise PackageError(
            f"{wheel.filename}: can't be read: {error}", "remove it from the cache's wheels"
        ) from error


def _installed(tree: Tree, site: str) -> dict[tuple[str, str], str]:
    """(name, version) of an installed distribution → its ``.dist-info`` folder."""
    folders = [name.rpartition("/")[0] for name in tree if name.endswith(RECORD)]
    return {
        _key(posixpath.basename(folder).removesuffix(".dist-info")): folder
        for folder in folders
        if posixpath.dirname(folder) == site
    }


def _key(filename: str) -> tuple[str, str]:
    """Canonical name and version, from the name of a wheel or a ``.dist-info`` folder."""
    name, _, rest = filename.partition("-")
    return canonicalize_name(name), canonicalize_version(rest.partition("-")[0])


def _hex(text: str) -> str | None:
    """Convert ``sha256=`` with unpadded base64 to hex; None for other formats."""
    kind, _, encoded = text.partition("=")
    if kind != "sha256":
        return None
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()
    except ValueError:
        return None
