"""Check that the dependencies in an image are the wheels of its lock, and nothing else.

If the wheelhouse has a locked wheel (same sha256), the wheel's own RECORD lists its files. If not,
only the RECORD in the image is known, and the wheel is reported as unverified.
"""

from __future__ import annotations

import base64
import csv
import io
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from zipfile import BadZipFile, ZipFile

from packaging.utils import canonicalize_name, canonicalize_version

from packager.digest import sha256_file
from packager.environment.wheels import wheel_path
from packager.errors import PackageError
from packager.image.runtime import VENV
from packager.image.wheels import TEST_FOLDER, site_packages
from packager.manifest.manifest import Lock, Wheel
from packager.model.integrity import MISSING, Check
from packager.trust.contents import ENVIRONMENT, MAX_NAMED, ImageContents
from packager.trust.trees import KEPT, Tree, below, is_bytecode_of

INSTALLER_FILES = {"INSTALLER", "RECORD"}
"""Files that an installer adds to a wheel's ``.dist-info``."""
INTERPRETER = {"pyvenv.cfg", "bin/python", "bin/python3"}


@dataclass(frozen=True)
class Environment:
    """Result of checking the dependencies."""

    checks: tuple[Check, ...]
    unverified: tuple[str, ...]
    """Wheels that are not in the wheelhouse, so that only the package lists their files."""


def environment_of(contents: ImageContents, lock: Lock) -> Environment:
    """Compare the dependencies with the lock's wheels, file by file."""
    tree = below(contents.trees.get(ENVIRONMENT, {}), VENV)
    site = site_packages(lock.python).removeprefix(f"{VENV}/")
    installed = _installed(tree, site)
    named: dict[str, str | None] = {}
    unverified, checks = [], []
    for wheel in lock.wheels:
        folder = installed.pop(_key(wheel.filename), None)
        if folder is None:
            checks.append(_check(f"wheel {wheel.filename}", "installed", MISSING))
            continue
        told = recorded(tree[f"{folder}/RECORD"].content.decode(errors="replace"), site)
        text = _of_wheel(wheel)
        if text is None:
            unverified.append(wheel.filename)
            named |= told
        else:
            named |= recorded(text, site)
            named |= {path: None for path in told if path.startswith("bin/")}
        named |= {f"{folder}/{name}": None for name in INSTALLER_FILES}
    checks += [*_interpreter(tree), *_differences(tree, named)]
    return Environment(tuple(checks), tuple(unverified))


def _interpreter(tree: Tree) -> list[Check]:
    """Check that the environment's interpreter is a link to the base's."""
    found = {name: tree[name].link for name in ("bin/python", "bin/python3") if name in tree}
    base = found.get("bin/python", "")
    plain = base.startswith("/") and not base.startswith(f"/{VENV}")
    return [
        _check(
            "bin/python",
            "a link to the base's interpreter",
            "a link to the base's interpreter" if plain else base or "another",
        ),
        _check("bin/python3", "python", found.get("bin/python3", MISSING)),
    ]


def _differences(tree: Tree, named: Mapping[str, str | None]) -> list[Check]:
    """Failed checks for files that differ from the wheel's, are in no wheel, or are missing."""
    checks = []
    for name in sorted(tree.keys() | named.keys()):
        found, expected = tree.get(name), named.get(name)
        if found is None:
            if expected is not None and not TEST_FOLDER.search(name) and not name.endswith(".pyc"):
                checks.append(_check(_called(name), expected, MISSING))
        elif name not in named:
            if name not in INTERPRETER and not is_bytecode_of(name, tree):
                checks.append(_check(_called(name), "no such file in any locked wheel", str(found)))
        elif expected is not None and str(found) != expected:
            checks.append(_check(_called(name), expected, str(found)))
    return checks[:MAX_NAMED]


def _called(name: str) -> str:
    return f"environment: {name}"


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
            name = next(n for n in archive.namelist() if n.endswith(KEPT) and n.count("/") == 1)
            return archive.read(name).decode()
    except (BadZipFile, StopIteration, UnicodeDecodeError) as error:
        raise PackageError(
            f"{wheel.filename}: can't be read: {error}", "remove it from the cache's wheels"
        ) from error


def _installed(tree: Tree, site: str) -> dict[tuple[str, str], str]:
    """(name, version) of an installed distribution → its ``.dist-info`` folder."""
    folders = [name.rpartition("/")[0] for name in tree if name.endswith(KEPT)]
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


def _check(name: str, expected: str, actual: str) -> Check:
    return Check(name=name, expected=expected, actual=actual, ok=expected == actual)
