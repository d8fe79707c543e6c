"""The project, its data, and the base to build it with."""

from __future__ import annotations

import shutil
import subprocess
import sys

from demo_parts import paths
from demo_parts.printing import command
from demo_parts.processes import run
from packager.engine.engine import Engine
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import load_lock
from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.base.base import find_base
from packager.image.base.debian import base_name
from packager.image.base.saved import BaseImage
from packager.project.config import load_project
from packager.runners.project import fits_host


def prepare() -> None:
    """Copy the example, so that nothing is written into it."""
    example = paths.TOP / "examples" / "diamonds"
    paths.PROJECT.mkdir(parents=True, exist_ok=True)
    for path in example.iterdir():
        if path.is_file():
            shutil.copyfile(path, paths.PROJECT / path.name)
    forget_other_version()
    command("python prepare.py")
    subprocess.run([sys.executable, "prepare.py"], cwd=paths.PROJECT, check=True)


def forget_other_version() -> None:
    """Remove a lock that an earlier demo left, if this version can't read it."""
    lock = paths.PROJECT / LOCK
    try:
        load_lock(lock)
    except PackageError:
        print(f"  {lock.relative_to(paths.TOP)} is of another version: it is made again")
        lock.unlink()


def base_option(engine: Engine | None) -> list[str]:
    """The base to build with: the example's if it can be used here, else one of Debian packages.

    Without an engine the build and the server run with this machine's Python, so a base with
    another Python is of no use, and none is needed.
    """
    reference = load_project(paths.PROJECT).image.base
    platform = engine.platform if engine else default_platform()
    if usable(find_base(reference, platform, engine), engine):
        return []
    name = base_name()
    if name is None:
        return []
    made = find_base(name, platform, None)
    if made is None and (engine is not None or can_make(name)):
        print(f"  {reference} is not available here; making a base from Debian packages:")
        if run(["base"], keep=1, check=engine is not None):
            made = find_base(name, platform, None)
    return ["--base", name] if usable(made, engine) else []


def usable(base: BaseImage | None, engine: Engine | None) -> bool:
    """Whether a build can use ``base``: in the engine, or on this machine."""
    return base is not None and (engine is not None or fits_host(base))


def can_make(name: str) -> bool:
    """Whether a base of Debian packages can be made and used here without an engine."""
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return name.endswith(python) and shutil.which("mmdebstrap") is not None
