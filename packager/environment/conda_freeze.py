"""Lines that ``pip freeze`` writes in a conda environment: ``NAME @ file:///croot/…/work``.

The path is that of the machine where conda's package was built. The version is that of the active
environment, if it has the package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from packager.environment.active import active_python, installed_version
from packager.environment.other_tools import FREEZE
from packager.progress import Progress

HINT = (
    f"write NAME==VERSION; `{FREEZE.format(file='requirements.txt')}` in the environment that the "
    "line comes from writes every line in this form"
)
_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*@\s*file:///\S+(?:\s+;(.*))?$", re.IGNORECASE)


def is_lost(line: str, place: Path) -> bool:
    """Whether a line names ``place``, which does not exist here, and no version."""
    return _LINE.match(line) is not None and not place.exists() and place.suffix != ".whl"


def name_of(line: str) -> str:
    """The package's name in a line that ``is_lost``."""
    return line.partition("@")[0].strip()


def tell(texts: Mapping[Path, str], progress: Progress) -> None:
    """Warn of the packages whose versions are those of the active environment, and of which."""
    lines = [line.split("#")[0].strip() for text in texts.values() for line in text.splitlines()]
    named = [line for line in lines if (place := _place(line)) and is_lost(line, place)]
    if named:
        progress.warn(
            f"{len(named)} requirements have paths of another machine, {name_of(named[0])} first: "
            f"their versions are those of {active_python()}"
        )


def _place(line: str) -> Path | None:
    address = line.partition("@")[2].partition(" ;")[0].strip()
    return Path(address[len("file://") :]) if address.startswith("file:///") else None


def installed(line: str) -> str | None:
    """The requirement of the version that the active environment has; None if it has none."""
    found = _LINE.match(line)
    version = installed_version(str(canonicalize_name(name_of(line))))
    if found is None or version is None:
        return None
    return str(Requirement(f"{found[1]}=={version}" + (f" ; {found[2]}" if found[2] else "")))
