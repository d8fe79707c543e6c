"""Asks the active environment's Python what is installed there; no code of a project runs.

The active environment is the user's: this program may be installed in one of its own.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.environment.programs import find_program, isolated_python, run
from packager.errors import PackageError

VARIABLES = ("VIRTUAL_ENV", "CONDA_PREFIX")
PROGRAMS = ("python", "python3")


@dataclass(frozen=True)
class Distribution:
    """An installed distribution: its name, version, and where it was installed from."""

    name: str
    version: str
    origin: str | None
    """The URL of PEP 610 for what did not come from an index, with ``git+`` and the commit for
    version control; None for conda's packages, too."""
    editable: bool


@dataclass(frozen=True)
class ActiveEnvironment:
    """The active environment: its Python, and what it has installed."""

    program: str
    python: str
    """``major.minor``."""
    stdlib: frozenset[str]
    distributions: Mapping[str, Distribution]
    """By canonical name."""
    providers: Mapping[str, tuple[str, ...]]
    """Module that was asked for → canonical names of the distributions that have it."""


def active_python(environment: Mapping[str, str] = os.environ) -> str | None:
    """The Python of the active environment, else the first on ``PATH``; None if there is none."""
    for variable in VARIABLES:
        prefix = environment.get(variable, "")
        path = Path(prefix) / "bin" / "python"
        if os.path.isabs(prefix) and path.is_file():
            return str(path)
    return next((program for name in PROGRAMS if (program := find_program(name))), None)


def inspect_environment(program: str, modules: Collection[str]) -> ActiveEnvironment:
    """The distributions of ``program``'s environment, and which of them provides ``modules``.

    ``modules`` are dotted names. Raises ``PackageError`` if ``program`` does not answer.
    """
    command = isolated_python("-c", _QUESTION, *sorted(modules), python=program)
    done = run(command, os.environ)
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise PackageError(
            f"{program}: expected a list of its installed packages, got "
            f"{(done.stderr or done.stdout).strip()[-200:]!r}",
            "activate an environment with Python 3.8 or later",
        ) from error
    return ActiveEnvironment(
        program,
        answer["python"],
        frozenset(answer["stdlib"]),
        {name: Distribution(**entry) for name, entry in answer["distributions"].items()},
        {name: tuple(entry) for name, entry in answer["providers"].items()},
    )


@functools.cache
def installed_version(name: str) -> str | None:
    """The version of a distribution, by canonical name, in the active environment.

    None if there is none, and if it was installed from a folder or file: an index may have another
    package under that name.
    """
    program = active_python()
    distribution = inspect_environment(program, ()).distributions.get(name) if program else None
    own = distribution is not None and (distribution.origin or "").startswith("file:")
    return distribution.version if distribution and not own else None


# Runs in Python 3.8 and later, with the standard library alone.
_QUESTION = r"""
import importlib.metadata as metadata, json, os, re, sys, sysconfig
def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()
def origin(one):
    try:
        said = json.loads(one.read_text("direct_url.json") or "{}")
    except ValueError:
        said = {}
    conda = (one.read_text("INSTALLER") or "").strip() == "conda"
    url, vcs = said.get("url"), said.get("vcs_info")
    if url and vcs:
        url = "%s+%s@%s" % (vcs.get("vcs"), url, vcs.get("commit_id"))
    return None if conda else url, bool(said.get("dir_info", {}).get("editable"))
found, files = {}, {}
for one in metadata.distributions():
    name = one.metadata["Name"]
    if not name or canonical(name) in found:
        continue
    url, editable = origin(one)
    found[canonical(name)] = dict(name=name, version=one.version, origin=url, editable=editable)
    listed = [str(file).replace(os.sep, "/") for file in one.files or ()]
    top = (one.read_text("top_level.txt") or "").split()
    files[canonical(name)] = listed + [name + "/__init__.py" for name in top]
def holds(listed, module):
    path = module.replace(".", "/")
    return any(file.startswith((path + "/", path + ".")) and file.endswith((".py", ".so", ".pyd"))
               for file in listed)
providers = {}
for module in sys.argv[1:]:
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        names = [name for name, listed in files.items() if holds(listed, ".".join(parts[:end]))]
        if names:
            providers[module] = sorted(names)
            break
stdlib = getattr(sys, "stdlib_module_names", None)
if stdlib is None:
    folder = sysconfig.get_path("stdlib")
    inner = os.listdir(folder) + os.listdir(os.path.join(folder, "lib-dynload"))
    stdlib = {name.partition(".")[0] for name in inner} | set(sys.builtin_module_names)
print(json.dumps(dict(python="%d.%d" % sys.version_info[:2], stdlib=sorted(stdlib),
                      distributions=found, providers=providers)))
"""
