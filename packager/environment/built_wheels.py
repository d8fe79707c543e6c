"""Wheels that were built from sources: in the cache, and in ``package.wheels`` beside the lock."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from email.parser import BytesParser
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from installer.exceptions import InstallerError
from installer.sources import WheelFile
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from packager.cache import atomic_directory, atomic_file, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.environment.lock import WHEELS_FOLDER, BuiltWheel, LockFile
from packager.environment.platform import WheelTarget
from packager.environment.wheels import wheel_path
from packager.errors import PackageError
from packager.manifest.manifest import Wheel

MAX_METADATA = 4 << 20
_AGAIN = (
    "take it from version control, or build with --upgrade, which locks again and builds it again"
)


def as_wheel(built: BuiltWheel) -> Wheel:
    """The wheel of a record, as the lock lists it."""
    name, version, _, _ = parse_wheel_filename(built.filename)
    return Wheel(
        name=str(name),
        version=str(version),
        filename=built.filename,
        sha256=built.sha256,
        groups=("model",),
    )


def restore(lock: LockFile, folder: Path) -> None:
    """Put the built wheels beside the lock in ``folder`` into the wheelhouse.

    Raises ``PackageError`` if one is missing or was altered.
    """
    for built in lock.built:
        restore_one(built, folder)


def restore_one(built: BuiltWheel, folder: Path) -> Path:
    """As ``restore``, for one wheel; returns its path in the wheelhouse."""
    path, called = folder / WHEELS_FOLDER / built.filename, f"{WHEELS_FOLDER}/{built.filename}"
    if path.is_symlink() or not path.is_file():
        raise PackageError(
            f"{called}: expected the wheel that package.lock names, got none", _AGAIN
        )
    digest = sha256_file(path)
    if digest != built.sha256:
        raise PackageError(
            f"{called}: expected sha256 {built.sha256} as in package.lock, got {digest}", _AGAIN
        )
    return in_wheelhouse(path, built.filename, built.sha256)


def in_wheelhouse(path: Path, filename: str, sha256: str) -> Path:
    """The path in the wheelhouse of the wheel at ``path``, which is copied there."""
    location = cache_directory("wheels") / sha256 / filename
    if not location.is_file():
        with atomic_file(location) as file:
            shutil.copyfile(path, file)
    return location


def keep_wheels(lock: LockFile, folder: Path) -> None:
    """Write the built wheels of a lock beside it, and remove those of an earlier lock."""
    location = folder / WHEELS_FOLDER
    every = [built for one in lock.every() for built in one.built]
    filenames = {built.filename for built in every}
    for built in every:
        path = location / built.filename
        if not path.is_file() or path.is_symlink() or sha256_file(path) != built.sha256:
            with atomic_file(path) as file:
                shutil.copyfile(wheel_path(as_wheel(built)), file)
    if location.is_dir() and not location.is_symlink():
        for wheel_file in location.glob("*.whl"):
            if wheel_file.name not in filenames:
                wheel_file.unlink()
        if not any(location.iterdir()):
            location.rmdir()


def cached_build(key: list[object]) -> tuple[Path, tuple[str, ...]] | None:
    """The wheel that a build with these inputs left in the cache, and its tools."""
    folder = _cache_path(key)
    wheel = next(iter(folder.glob("*.whl")), None)
    if wheel is None:
        return None
    touch(folder)
    return wheel, tuple(json.loads((folder / "tools.json").read_bytes()))


def cache_build(key: list[object], wheel: Path, tools: tuple[str, ...]) -> Path:
    """Put the wheel of a build into the cache, with the names and versions of its tools."""
    with atomic_directory(_cache_path(key)) as new:
        shutil.copyfile(wheel, new / wheel.name)
        (new / "tools.json").write_bytes(canonical_json(list(tools)))
    return _cache_path(key) / wheel.name


def _cache_path(key: list[object]) -> Path:
    return cache_directory("builds") / sha256_bytes(canonical_json(key))[:32]


def check_built(wheel: Path, called: str, name: str | None, target: WheelTarget) -> None:
    """Raise ``PackageError`` if a built wheel is damaged, of another name or not for ``target``."""
    try:
        wheel_name, _, _, tags = parse_wheel_filename(wheel.name)
        with WheelFile.open(wheel) as opened:
            opened.validate_record()
            opened.read_dist_info("METADATA")
    except (InvalidWheelFilename, BadZipFile, KeyError, ValueError, InstallerError) as error:
        raise PackageError(
            f"{called}: its build backend made no valid wheel, but {wheel.name[:100]!r}: "
            f"{str(error)[:300]}",
            "check it with `pip wheel` on another machine",
        ) from error
    if name is not None and wheel_name != canonicalize_name(name):
        raise PackageError(
            f"{called}: expected the package {name}, got {wheel_name}", f"write {wheel_name} @ …"
        )
    if not any(tag in target.tags for tag in tags):
        raise PackageError(
            f"{called}: expected a wheel for Python {target.python} on {target.uv_platform}, got "
            f"{wheel.name}",
            "check the tags that its build backend chooses",
        )


def direct_requirements(wheel: Path) -> list[str]:
    """The requirements of a wheel that name an address (``NAME @ URL``)."""
    with ZipFile(wheel) as archive, archive.open(f"{_info(archive)}/METADATA") as file:
        metadata = BytesParser().parsebytes(file.read(MAX_METADATA), headersonly=True)
    requirements = []
    for line in metadata.get_all("Requires-Dist") or ():
        try:
            required = Requirement(str(line))
        except InvalidRequirement:
            continue  # uv's error names it
        if required.url and not (required.marker and "extra" in str(required.marker)):
            requirements.append(str(required))
    return requirements


def without_modules(wheel: Path, code: Iterable[str], output: Path) -> Path | None:
    """A copy of the project's own wheel without modules, if its code folder has all of them.

    ``code``: posix names below ``/code``, whose ``src`` folder is importable, too. The copy holds
    the metadata: requirements, version, entry points. None if the wheel has other files, such as
    compiled extensions.
    """
    known = set(code)
    with ZipFile(wheel) as archive:
        info = _info(archive)
        content = {n: archive.read(n) for n in archive.namelist() if n.startswith(f"{info}/")}
        modules = [n for n in archive.namelist() if n not in content and not n.endswith("/")]
    if any(n not in known and f"src/{n}" not in known for n in modules):
        return None
    content.pop(f"{info}/RECORD", None)
    path = output / wheel.name
    record = "".join(f"{n},{_recorded(c)},{len(c)}\n" for n, c in sorted(content.items()))
    _write_wheel(path, {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()})
    return path


def _write_wheel(path: Path, content: Mapping[str, bytes]) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, text in content.items():
            entry = ZipInfo(name)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o100644 << 16
            archive.writestr(entry, text)


def _recorded(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _info(archive: ZipFile) -> str:
    """The folder of the wheel's metadata."""
    return next(name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name)
