"""``package.lock``: every dependency with version and sha256, and a digest of the lock's inputs."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from pydantic import ValidationError

from packager.cache import atomic_file
from packager.digest import canonical_json, sha256_bytes
from packager.environment.formats.selection import DependencySelection
from packager.environment.platform import WheelTarget
from packager.environment.requirement_files import read_texts
from packager.errors import UsageError
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Base, Wheel

HOST_FLOORS = {"joblib": "", "numpy": ">=1.22", "pandas": ">=1.3"}
"""Requirements of the model host in the model's environment, beside the project's."""
FILENAME = "package.lock"
WHEELS_FOLDER = "package.wheels"
"""Folder beside the lock with the wheels that were built from sources."""
SHA256 = re.compile(r"[0-9a-f]{64}")


class BuiltWheel(FrozenModel):
    """A wheel that was built from a source among the requirements."""

    requirement: str
    """The source, without credentials; a path relative to the project."""
    kind: Literal["folder", "archive", "git", "url", "index"]
    source: str
    """``git:COMMIT``, or ``sha256:`` of the archive or of the folder's files."""
    filename: str
    """Its file in ``package.wheels``."""
    sha256: str
    tools: tuple[str, ...] = ()
    """The build backend and its dependencies: ``NAME==VERSION``."""


class PlatformLock(FrozenModel):
    """The pinned distributions for one platform."""

    inputs: str
    """sha256 of the requirements of the project and of the model host, Python and platform."""
    bases: tuple[Base, ...] = ()
    base_digests: dict[str, str] = {}
    """Of a base from a registry: its reference → the digest of the manifest that it led to."""
    built: tuple[BuiltWheel, ...] = ()
    """The wheels that were built here, with their sources."""
    wheels: tuple[Wheel, ...]

    def versions(self) -> dict[str, str]:
        """The version of each package."""
        return {wheel.name: wheel.version for wheel in self.wheels}

    def agrees(self, other: PlatformLock) -> bool:
        """Whether packages that both name have one version."""
        versions = other.versions()
        return all(versions.get(name, known) == known for name, known in self.versions().items())


class LockFile(PlatformLock):
    """``package.lock``: generated, and committed next to ``package.toml``.

    In memory its own fields are those of one platform; the file has the platforms by name.
    """

    schema_version: Literal[1] = 1
    python: str
    platform: str
    platforms: dict[str, PlatformLock] = {}
    """Of other platforms."""

    def of(self, platform: str) -> LockFile | None:
        """The same lock with the fields of ``platform``; None if it has none."""
        every = {**self.platforms, self.platform: self.own}
        platform_lock = every.pop(platform, None)
        if platform_lock is None:
            return None
        named = {name: getattr(platform_lock, name) for name in PlatformLock.model_fields}
        return self.model_copy(update={**named, "platform": platform, "platforms": every})

    @property
    def own(self) -> PlatformLock:
        """Its own fields, without those of other platforms."""
        return PlatformLock(**{name: getattr(self, name) for name in PlatformLock.model_fields})

    def every(self) -> tuple[LockFile, ...]:
        """The lock as ``of`` each platform, by name."""
        names = sorted({*self.platforms, self.platform})
        return tuple(lock for name in names if (lock := self.of(name)) is not None)

    def joined(self, others: Iterable[LockFile]) -> LockFile:
        """This lock with the own fields of ``others`` in place of what it had of them."""
        by_platform = {other.platform: other.own for other in others}
        return self.model_copy(update={"platforms": {**self.platforms, **by_platform}})


def inputs_digest(
    requirements: Path,
    target: WheelTarget,
    *,
    strategy: str | None = None,
    torch: str | None = None,
    selection: DependencySelection | None = None,
) -> str:
    """sha256 of the inputs of a lock, including the text of files named by ``-r`` and ``-c``."""
    texts = read_texts(requirements, selection or DependencySelection(target))
    inputs = [list(texts.values()), HOST_FLOORS, target.python, target.platform]
    inputs += [strategy] if strategy else []
    inputs += [{"torch": torch}] if torch else []
    return sha256_bytes(canonical_json(inputs))


def load_lock(path: Path) -> LockFile | None:
    """The lock at ``path``; None if there is none. Raises ``UsageError`` if it is damaged."""
    if not path.is_file():
        return None
    try:
        lock = LockFile.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise UsageError(
            f"{path.name}: not a lock of this version of `package`: {error.errors()[0]['msg']}",
            "delete it and build again, or take it from version control",
        ) from error
    for one in lock.every():
        _check(one, path.name)
    return lock


def _check(lock: PlatformLock, called: str) -> None:
    """Raise ``UsageError`` for unsafe names, or a built wheel that is none of the lock's."""
    for wheel in lock.wheels:
        _check_plain(wheel, called)
    locked = {(wheel.filename, wheel.sha256) for wheel in lock.wheels}
    for built in lock.built:
        if (built.filename, built.sha256) not in locked:
            raise UsageError(
                f"{called}: expected {built.filename[:100]!r} among its wheels, got none",
                "delete the lock and build again, or take it from version control",
            )


def _check_plain(wheel: Wheel, called: str) -> None:
    """Raise ``UsageError`` for a wheel whose names are unsafe as cache paths or input of uv."""
    named = None
    with contextlib.suppress(InvalidWheelFilename):
        named = tuple(map(str, parse_wheel_filename(wheel.filename)[:2]))
    plain = SHA256.fullmatch(wheel.sha256) and "/" not in wheel.filename
    if not plain or named != (wheel.name, wheel.version):
        raise UsageError(
            f"{called}: expected the file, version and sha256 of a wheel of {wheel.name[:100]!r}, "
            f"got {wheel.filename[:100]!r}, {wheel.version[:50]!r} and {wheel.sha256[:64]!r}",
            "delete the lock and build again, or take it from version control",
        )


def write_lock(lock: LockFile, path: Path) -> None:
    """Write ``lock`` with one wheel per line, so that diffs show what changed.

    The file is the same whichever of its platforms this machine has.
    """
    first, *others = lock.every()
    content = first.model_dump(mode="json", exclude={"platforms"})
    lists = _lists(content)
    lines = [f'  "{key}": {canonical_json(value).decode()}' for key, value in content.items()]
    if others:
        blocks = ",\n".join(f'"{other.platform}": {_block(other.own)}' for other in others)
        lists.append(f'  "platforms": {{{blocks}}}')
    text = "{\n" + ",\n".join([*lines, *lists]) + "\n}\n"
    with atomic_file(path) as file:
        file.write_text(text, encoding="utf-8")


def _block(lock: PlatformLock) -> str:
    content = lock.model_dump(mode="json")
    lists = _lists(content)
    lines = [f'  "{key}": {canonical_json(value).decode()}' for key, value in content.items()]
    return "{\n" + ",\n".join([*lines, *lists]) + "\n  }"


def _lists(content: dict[str, Any]) -> list[str]:
    """Take the lists of wheels out of ``content``; optional fields without a value are left out."""
    for optional in ("built", "base_digests"):
        if not content[optional]:
            del content[optional]
    return [_rows(key, content.pop(key)) for key in ("built", "wheels") if key in content]


def _rows(key: str, values: Iterable[object]) -> str:
    """A list of the lock, with one entry per line."""
    rows = ",\n".join("    " + canonical_json(value).decode() for value in values)
    return f'  "{key}": [\n{rows}\n  ]'
