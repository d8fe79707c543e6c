"""Check that the dependencies in an image are the wheels of its lock, and nothing else.

If the wheelhouse has a locked wheel (same sha256), the wheel's own RECORD lists its files. If not,
only the RECORD in the image is known, and the wheel is reported as unverified. What the folders of
wheels hold determines the files of the environments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packager.digest import sha256_bytes
from packager.image.environments import FIRST_LINE, PATHS, environment_entries
from packager.image.layers import Entry
from packager.image.runtime import HARNESS, INSTALLED_AT, MEMBERS, MODEL, VENV, WHEELS
from packager.image.trees import Tree, TreeFile, below
from packager.image.wheels import WheelFolder, site_packages
from packager.manifest.manifest import Lock, Wheel
from packager.model.integrity import MISSING, IntegrityCheck
from packager.trust.contents import ENVIRONMENT, MAX_NAMED, ImageContents
from packager.trust.wheel_files import ImageWheelFolder, examine_folder, failed

OWN_FOLDERS = tuple(
    f"/{name}/"
    for name in (
        WHEELS,
        VENV,
        MODEL,
        MEMBERS,
        HARNESS,
        INSTALLED_AT,
        "code",
        "models",
        "package",
        "data",
    )
)
"""Folders of a package, in which its base's interpreter can't be."""
NAMED = re.compile(rf"\b{WHEELS.rpartition('/')[2]}/[0-9a-f]+\b")
"""A folder of wheels in ``environment.pth``."""


@dataclass(frozen=True)
class Environment:
    """Result of checking the dependencies."""

    checks: tuple[IntegrityCheck, ...]
    """Failed checks."""
    unverified: tuple[str, ...]
    """Wheels that are not in the wheelhouse, so that only the package lists their files."""


def environment_of(contents: ImageContents, lock: Lock) -> Environment:
    """Compare the dependencies with the lock's wheels, file by file."""
    tree = contents.trees.get(ENVIRONMENT, {})
    folders = _folders(tree, lock)
    checks = [check for examined in folders.values() for check in examined.checks]
    used: set[str] = set()
    for home, wheels in (
        (VENV, lock.wheels_of("server", "grpc", "trees")),
        (MODEL, lock.wheels_of("model")),
        *((f"{MEMBERS}/{name}", lock.wheels_of_member(name)) for name in lock.members),
        (HARNESS, lock.wheels_of("harness", "parquet")),
    ):
        # Only a companion has the last.
        if home != HARNESS or below(tree, home):
            listed = _listed(tree, home, lock, folders)
            used |= {folder.path for folder in listed}
            checks += _of_home(tree, home, lock, listed, wheels)
    checks += [
        failed(f"environment: {path}", "a folder of an environment", "a folder of none")
        for path in sorted(folders.keys() - used)
    ]
    strange = {name.partition("/")[0] for name in below(tree, MEMBERS)} - lock.members.keys()
    checks += [
        failed(f"environment: {MEMBERS}/{name}", "no such environment in the lock", "one")
        for name in sorted(strange)
    ]
    absent = {name for examined in folders.values() for name in examined.unverified}
    unverified = [wheel.filename for wheel in lock.wheels if wheel.filename in absent]
    return Environment(tuple(checks[:MAX_NAMED]), tuple(unverified))


def _folders(tree: Tree, lock: Lock) -> dict[str, ImageWheelFolder]:
    """Path → every folder of wheels."""
    trees: dict[str, dict[str, TreeFile]] = {}
    for name, file in below(tree, WHEELS).items():
        folder, _, inside = name.partition("/")
        trees.setdefault(f"{WHEELS}/{folder}", {})[inside] = file
    return {
        path: examine_folder(path, inner, lock.python, lock.wheels) for path, inner in trees.items()
    }


def _listed(
    tree: Tree, home: str, lock: Lock, folders: Mapping[str, ImageWheelFolder]
) -> list[WheelFolder]:
    """The folders of wheels that the environment ``home`` lists, in the order of the lock."""
    path = f"{site_packages(home, lock.python)}/{PATHS}"
    text = tree[path].content.decode(errors="replace") if path in tree else ""
    top = WHEELS.rpartition("/")[0]
    names = {f"{top}/{name}" for name in NAMED.findall(text)}
    listed = [folders[name].folder for name in names if name in folders]
    order = {wheel: number for number, wheel in enumerate(lock.wheels)}
    return sorted(
        (folder for folder in listed if folder.wheels), key=lambda one: order[one.wheels[0]]
    )


def _of_home(
    tree: Tree, home: str, lock: Lock, listed: Sequence[WheelFolder], wheels: Sequence[Wheel]
) -> list[IntegrityCheck]:
    """Failed checks of the environment ``home``, which must have exactly ``wheels``."""
    counts = Counter(wheel.filename for folder in listed for wheel in folder.wheels)
    filenames = {wheel.filename for wheel in wheels}
    checks = [
        failed(f"wheel {name}", f"{int(name in filenames)} times in /{home}", str(counts[name]))
        for name in sorted(filenames | counts.keys())
        if counts[name] != (name in filenames)
    ]
    inner = below(tree, home)
    interpreter = inner.get("bin/python", TreeFile()).link
    if not interpreter.startswith("/") or interpreter.startswith(OWN_FOLDERS):
        called, link = f"environment: {home}/bin/python", "a link to the base's interpreter"
        checks.append(failed(called, link, interpreter or "another"))
    entries = environment_entries(home, lock.python, interpreter, listed)
    expected = {entry.name.removeprefix(f"{home}/"): entry for entry in entries}
    scripts = {
        name: file.script
        for folder in listed
        for name, file in below(tree, folder.path).items()
        if file.script and file.script[0] == FIRST_LINE
    }
    for name in sorted(inner.keys() | expected.keys()):
        wants = _wanted(home, expected.get(name), scripts.get(name))
        gets = _describe(inner.get(name), is_script=name in scripts)
        if wants != gets:
            checks.append(failed(f"environment: {home}/{name}", wants, gets))
    return checks


def _wanted(home: str, entry: Entry | None, script: tuple[bytes, str] | None) -> str:
    """The required content of a file of an environment; ``script``: of the wheel's file, if any."""
    if entry is None:
        return "no such file in any locked wheel"
    if isinstance(entry.source, bytes):
        return sha256_bytes(entry.source)
    if script:
        return f"a script of /{home}/bin/python: {script[1]}"
    return f"a link to {entry.link}"


def _describe(file: TreeFile | None, *, is_script: bool) -> str:
    if file is None:
        return MISSING
    if is_script and file.script:
        first = file.script[0].decode(errors="replace").removeprefix("#!").rstrip("\n")
        return f"a script of {first}: {file.script[1]}"
    return str(file)
