"""Lines that ``pip freeze`` writes in a conda environment: ``NAME @ file:///croot/…/work``.

The path is that of the machine where conda's package was built. The version is that of the active
environment, if it has the package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from packager.environment.active import active_python, installed_version
from packager.environment.other_tools import FREEZE
from packager.progress import Progress

HINT = (
    f"write NAME==VERSION; `{FREEZE.format(file='requirements.txt')}` in the environment that the "
    "line comes from writes every line in this form"
)
_BUILT = re.compile(
    r"/croot/|/feedstock_root/|/conda-bld/|/tmp/build/|/abs_\w+/(?:croot/|work)|/ci_\d+/|/ktietz/"
)
"""Paths in which conda's packages are built."""
_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*@\s*file:///\S+(?:\s+;(.*))?$", re.IGNORECASE)


def is_lost(line: str, path: Path) -> bool:
    """Whether a line names ``path``, which does not exist here, and no version."""
    named = _LINE.match(line) is not None and not path.exists()
    return named and (path.suffix != ".whl" or _BUILT.search(path.as_posix()) is not None)


def name_of(line: str) -> str:
    """The package's name in a line that ``is_lost``."""
    return line.partition("@")[0].strip()


def warn_of_active_versions(texts: Mapping[Path, str], progress: Progress) -> None:
    """Warn of the packages whose versions are those of the active environment, and of which."""
    lines = [line.split("#")[0].strip() for text in texts.values() for line in text.splitlines()]
    lost = [line for line in lines if (location := _local_path(line)) and is_lost(line, location)]
    named = [line for line in lost if _version_in(line) is None]
    if named:
        progress.warn(
            f"{len(named)} requirements have paths of another machine, {name_of(named[0])} first: "
            f"their versions are those of {active_python()}"
        )


def _local_path(line: str) -> Path | None:
    address = line.partition("@")[2].partition(" ;")[0].partition("#")[0].strip()
    return Path(address[len("file://") :]) if address.startswith("file:///") else None


def installed(line: str) -> str | None:
    """The requirement of the version in a wheel's name, else of the active environment's version.

    None if that has none.
    """
    match = _LINE.match(line)
    version = _version_in(line) or installed_version(str(canonicalize_name(name_of(line))))
    if match is None or version is None:
        return None
    return str(Requirement(f"{match[1]}=={version}" + (f" ; {match[2]}" if match[2] else "")))


def _version_in(line: str) -> str | None:
    """The version in the name of a wheel that a line names."""
    location = _local_path(line)
    try:
        return (
            str(parse_wheel_filename(unquote(location.name))[1]) if location is not None else None
        )
    except InvalidWheelFilename:
        return None
