"""The pins of a lock: one version of each package, with the files that it may come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidName,
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from packager.environment.formats.selection import DependencySelection
from packager.environment.formats.values import display
from packager.environment.platform import WheelTarget
from packager.errors import UsageError


@dataclass(frozen=True)
class LockedFile:
    """A wheel or source distribution that a lock names."""

    name: str
    sha256: str | None

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, by its name."""
        return self.name.endswith(".whl")

    def fits(self, target: WheelTarget) -> bool:
        """Whether it is a wheel for ``target``."""
        try:
            tags = parse_wheel_filename(self.name)[3]
        except InvalidWheelFilename:
            return False
        return any(tag in target.tags for tag in tags)


@dataclass(frozen=True)
class LockedPackage:
    """A package of a lock; ``files`` is empty if the lock names none."""

    name: str
    version: str
    files: tuple[LockedFile, ...] = ()
    address: str | None = None
    """A URL or a path relative to the lock, in place of a version."""


def line_of(pin: LockedPackage, selection: DependencySelection, called: str) -> str:
    """The requirement of exactly this version, with the sha256 of each file that fits.

    Raises ``UsageError`` if the lock names files, and no wheel among them fits the target and
    no source.
    """
    try:
        name = canonicalize_name(pin.name, validate=True)
    except InvalidName as error:
        problem = f"{called}: expected the name of a package, got {display(pin.name)}"
        raise UsageError(problem, "lock again") from error
    if pin.address is not None:
        hashes = _hashes(pin.files)
        path = pin.address.startswith(("./", "../"))
        return f"{pin.address if path else f'{name} @ {pin.address}'}{hashes}"
    try:
        version = Version(pin.version)
    except InvalidVersion as error:
        raise UsageError(
            f"{called}: expected a version of {name}, got {display(pin.version)}", "lock again"
        ) from error
    sources = [file for file in pin.files if not file.is_wheel]
    fitting = [file for file in pin.files if file.fits(selection.target)]
    if pin.files and not fitting and not sources:
        raise _no_file(name, pin, selection, called)
    # A hash without a file's name could belong to any file, so one absent hash voids the others.
    known = [*fitting, *sources]
    return f"{name}=={version}{_hashes(known)}"


def check_satisfied(
    lines: Iterable[str], pins: Sequence[LockedPackage], selection: DependencySelection, called: str
) -> None:
    """Raise ``UsageError`` if a requirement of the project is not what its lock holds.

    ``lines`` are the project's requirements; addresses and options among them are not compared.
    """
    locked: dict[str, list[LockedPackage]] = {}
    for pin in pins:
        locked.setdefault(str(canonicalize_name(pin.name)), []).append(pin)
    for line in lines:
        if line.startswith(("-", ".")):
            continue
        required = Requirement(line)
        if not selection.applies(required.marker):
            continue
        held = locked.get(canonicalize_name(required.name), [])
        fits = any(
            required.url
            or pin.address
            or required.specifier.contains(pin.version, prereleases=True)
            for pin in held
        )
        if not fits:
            got = " and ".join(pin.version for pin in held) or "none"
            raise UsageError(
                f"{called}: expected {required.name}{required.specifier} as pyproject.toml has it, "
                f"got {got}",
                f"lock again: `{_LOCKED_BY[called]}`",
            )


def _hashes(files: Iterable[LockedFile]) -> str:
    known = [file.sha256 for file in files]
    return "" if None in known else "".join(f" --hash=sha256:{one}" for one in sorted(set(known)))  # type: ignore[type-var]


def _no_file(
    name: str, pin: LockedPackage, selection: DependencySelection, called: str
) -> UsageError:
    held = ", ".join(file.name for file in pin.files[:3]) + (", …" if len(pin.files) > 3 else "")
    return UsageError(
        f"{called}: {name}=={pin.version}: expected a wheel for Python {selection.target.python} "
        f"on {selection.target.uv_platform}, got {held}",
        f"make {called} again where Python is {selection.target.python} and the system Linux, or "
        f"require a version of {name} that has such a wheel",
    )


_LOCKED_BY = {"uv.lock": "uv lock", "poetry.lock": "poetry lock"}
