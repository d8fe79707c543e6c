"""Requirements from what the code of a project imports, as the active environment has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from packager.environment.active import (
    ActiveEnvironment,
    Distribution,
    active_python,
    inspect_environment,
)
from packager.environment.imported_modules import Imports, imported_modules
from packager.environment.resolver_errors import INSTALLED_AS

NOTHING = "nothing in the active environment provides it"
INSTALL = "install its package there and repeat, or write its name here"


@dataclass(frozen=True)
class UsedPackages:
    """The text of a requirements file, and what to tell about it."""

    text: str
    notes: tuple[str, ...]
    names: frozenset[str]
    """Canonical names of the packages that the text requires."""


def used_packages(files: Sequence[Path], top: Path) -> UsedPackages:
    """Requirements of what ``files`` of the project ``top`` import; its code does not run.

    Versions are those of the active environment. An import that nothing there provides, and a
    package that can't be had elsewhere, becomes a comment.
    """
    imports, program = imported_modules(files, top), active_python()
    if program is None:
        head = "no Python is active: the requirements name no versions"
        active = None
    else:
        active = inspect_environment(program, imports.modules)
        head = f"versions of {program} (Python {active.python})"
    lines = _lines(active, top)
    comments = _comments(imports, active, top)
    python = f" (Python {active.python})" if active else ""
    text = f"# What the code imports, in the versions of the active environment{python}.\n"
    text += "".join(f"{line}\n" for line in (*lines.values(), *comments))
    notes = (head, *(comment.removeprefix("# ") for comment in comments))
    return UsedPackages(text, notes, frozenset(lines))


def _lines(active: ActiveEnvironment | None, top: Path) -> dict[str, str]:
    """Canonical name → requirement, sorted."""
    if active is None:
        return {}
    names = sorted({name for names in active.providers.values() for name in names})
    lines = {name: _requirement(active.distributions[name], top) for name in names}
    return {name: line for name, line in lines.items() if line is not None}


def _requirement(installed: Distribution, top: Path) -> str | None:
    """The requirement of a distribution as it is installed; None if only a comment can name it."""
    origin, name = installed.origin, canonicalize_name(installed.name)
    if origin is None:
        return _pinned(name, installed.version)
    if not origin.startswith("file:"):
        return f"{name} @ {_without_password(origin)}"
    place = Path(url2pathname(urlsplit(origin).path))
    if place.exists() and place.resolve().is_relative_to(top.resolve()):
        inside = place.resolve().relative_to(top.resolve())
        return None if inside == Path() else f"./{inside.as_posix()}"
    return None


def _without_password(origin: str) -> str:
    """The address without the credentials that it was installed with; ssh's user stays."""
    parts = urlsplit(origin)
    host = parts.netloc.rpartition("@")[2]
    return origin if parts.scheme.endswith("ssh") else parts._replace(netloc=host).geturl()


def _pinned(name: str, version: str) -> str:
    """``NAME==VERSION``; a local label such as ``+cpu`` exists in few indexes: it is a comment."""
    try:
        public = Version(version).public
    except InvalidVersion:
        return name
    return f"{name}=={public}" + (f"  # installed: {version}" if public != version else "")


def _comments(imports: Imports, active: ActiveEnvironment | None, top: Path) -> list[str]:
    providers: Mapping[str, Sequence[str]] = active.providers if active else {}
    absent: dict[str, Path] = {}
    for module, file in imports.modules.items():
        name = module.partition(".")[0]
        if module not in providers and (active is None or name not in active.stdlib):
            absent.setdefault(name, file)
    needed = {module.partition(".")[0] for module in imports.modules.keys() - imports.optional}
    found = [
        _absent(name, file.relative_to(top), optional=name not in needed)
        for name, file in sorted(absent.items())
    ]
    for name in sorted({name for names in providers.values() for name in names}):
        installed = active.distributions[name] if active else None
        if installed and _requirement(installed, top) is None and not _is_own(installed, top):
            found.append(
                f"# {name}: installed from outside of the project: copy it into the project, and "
                f"write its path, such as ./libs/{name}"
            )
    for file in imports.broken:
        found.append(f"# {file.relative_to(top)}: not valid Python, its imports are not here")
    return found


def _absent(name: str, file: Path, *, optional: bool) -> str:
    known = INSTALLED_AS.get(name.lower())
    called = f"; an index has it as {known}" if known else ""
    told = "which goes on without it" if optional else INSTALL
    return f"# {name}: imported by {file.as_posix()}, {NOTHING}{called}: {told}"


def _is_own(installed: Distribution, top: Path) -> bool:
    place = url2pathname(urlsplit(installed.origin or "").path)
    return Path(place).resolve() == top.resolve()
