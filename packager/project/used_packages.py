"""Requirements from what the code of a project imports, as the active environment has it."""

from __future__ import annotations

import re
import sys
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
from packager.environment.imported_modules import imported_modules, own_names
from packager.environment.resolver_errors import INSTALLED_AS

NOTHING = "nothing in the active environment provides it"
INSTALL = "install its package there and repeat, or write its name here"


ESTIMATORS = re.compile(
    rb"\b(?:LGBM|XGB)(?:Classifier|Model|Ranker|Regressor|RFClassifier|RFRegressor)\b"
)
"""Of libraries that do not require scikit-learn, and whose estimators need it."""
NO_MODULES: Mapping[str, str] = {}


@dataclass(frozen=True)
class NeededModule:
    """A module that code or a model needs, and what was made of it."""

    module: str
    """Its first name, such as ``sklearn``."""
    needed_by: str
    """The file that imports it first, or the model."""
    requirement: str
    """The line of the requirements file; empty if there is none."""
    note: str
    """Why there is none; empty if there is one."""


@dataclass(frozen=True)
class UsedPackages:
    """The text of a requirements file, and what to tell about it."""

    text: str
    notes: tuple[str, ...]
    names: frozenset[str]
    """Canonical names of the packages that the text requires."""
    modules: tuple[NeededModule, ...] = ()
    """Sorted by name."""


def used_packages(
    files: Sequence[Path], top: Path, also: Mapping[str, str] = NO_MODULES
) -> UsedPackages:
    """Requirements of what ``files`` of the project ``top`` import; its code does not run.

    ``also``: further dotted modules → what needs them, such as a model's pickle. Versions are
    those of the active environment. An import that nothing there provides, and a package that
    can't be had elsewhere, becomes a comment.
    """
    imports, program = imported_modules(files, top), active_python()
    needed = {module: path.relative_to(top).as_posix() for module, path in imports.modules.items()}
    for file in files:
        if file.suffix == ".py" and ESTIMATORS.search(file.read_bytes()):
            needed.setdefault("sklearn", file.relative_to(top).as_posix())
    own = own_names((top, top / "src"))
    for module, what in also.items():
        if module.partition(".")[0] not in own | sys.stdlib_module_names:
            needed.setdefault(module, what)
    if program is None:
        head = "no Python is active: the requirements name no versions"
        active = None
    else:
        active = inspect_environment(program, needed)
        head = f"versions of {program} (Python {active.python})"
    lines = _lines(active, top)
    optional = imports.optional - also.keys()
    comments = _comments(needed, optional, active, top)
    comments |= {
        file.name: f"# {file.relative_to(top)}: not valid Python, its imports are not here"
        for file in imports.broken
    }
    python = f" (Python {active.python})" if active else ""
    text = f"# What the code imports, in the versions of the active environment{python}.\n"
    text += "".join(f"{line}\n" for line in (*lines.values(), *comments.values()))
    notes = (head, *(comment.removeprefix("# ") for comment in comments.values()))
    modules = _modules(needed, active, lines, comments)
    return UsedPackages(text, notes, frozenset(lines), modules)


def _modules(
    needed: Mapping[str, str],
    active: ActiveEnvironment | None,
    lines: Mapping[str, str],
    comments: Mapping[str, str],
) -> tuple[NeededModule, ...]:
    """The outcome for each module, by its first name."""
    modules: dict[str, NeededModule] = {}
    for module, what in needed.items():
        name = module.partition(".")[0]
        providers = active.providers.get(module, ()) if active else ()
        required = [lines[provider] for provider in providers if provider in lines]
        comments_found = [
            comments[provider] for provider in (*providers, name) if provider in comments
        ]
        if name not in modules or (required and not modules[name].requirement):
            note = "" if required else "; ".join(one.removeprefix("# ") for one in comments_found)
            modules[name] = NeededModule(name, what, ", ".join(required), note)
    return tuple(modules[name] for name in sorted(modules))


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
    path = Path(url2pathname(urlsplit(origin).path))
    if path.exists() and path.resolve().is_relative_to(top.resolve()):
        inside = path.resolve().relative_to(top.resolve())
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


def _comments(
    needed: Mapping[str, str],
    optional: frozenset[str],
    active: ActiveEnvironment | None,
    top: Path,
) -> dict[str, str]:
    """Module or package without a requirement → the comment that says why."""
    providers: Mapping[str, Sequence[str]] = active.providers if active else {}
    absent: dict[str, str] = {}
    for module, what in needed.items():
        name = module.partition(".")[0]
        if module not in providers and (active is None or name not in active.stdlib):
            absent.setdefault(name, what)
    required = {module.partition(".")[0] for module in needed.keys() - optional}
    comments = {
        name: _absent(name, what, optional=name not in required)
        for name, what in sorted(absent.items())
    }
    for name in sorted({name for names in providers.values() for name in names}):
        installed = active.distributions[name] if active else None
        if installed and _requirement(installed, top) is None and not _is_own(installed, top):
            comments[name] = (
                f"# {name}: installed from outside of the project: copy it into the project, and "
                f"write its path, such as ./libs/{name}"
            )
    return comments


def _absent(name: str, what: str, *, optional: bool) -> str:
    known = INSTALLED_AS.get(name.lower())
    called = f"; an index has it as {known}" if known else ""
    consequence = "which goes on without it" if optional else INSTALL
    return f"# {name}: imported by {what}, {NOTHING}{called}: {consequence}"


def _is_own(installed: Distribution, top: Path) -> bool:
    path = url2pathname(urlsplit(installed.origin or "").path)
    return Path(path).resolve() == top.resolve()
