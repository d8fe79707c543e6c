"""The environment of the project's model: its interpreter, and the folders of its modules.

In an image it lies beside that of this process (``/opt/model`` beside ``/opt/venv`` and
``/opt/harness``). Elsewhere, as in this project's own tests, both are one environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import modelhost
from packager.model.paths import Root

NAME = "model"
WHEELS = "wheels"
MEMBERS = "members"
"""The folder of the environments of a solution's members, beside those of this package."""
OWN_ONLY = ("PYTHONSAFEPATH",)
"""Variables for this project's own processes: scripts that a project starts must not have them."""


def model_python() -> str:
    """The interpreter that loads and calls the model."""
    home = _home()
    return str(home / "bin" / "python") if home else sys.executable


def host_folder() -> Path:
    """The folder with ``modelhost`` and, in an image, nothing else."""
    return Path(modelhost.__file__).parents[1]


def model_variables(root: Root, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables ``variables`` to a process of this project, for one of the model host.

    It imports the host and the project's code, none of this project's other packages: a project may
    have a module ``serving``. ``python`` on its PATH is the model's.
    """
    programs = os.path.dirname(model_python())
    path = (host_folder(), root.code, root.code / "src")
    return {
        **{name: value for name, value in variables.items() if name not in OWN_ONLY},
        "PATH": os.pathsep.join([programs, variables.get("PATH") or os.defpath]),
        "PYTHONPATH": os.pathsep.join(map(str, path)),
    }


@cache
def installed_folders() -> tuple[Path, ...]:
    """The folders, resolved, that the model's interpreter reads: its own, its wheels, the host.

    The folders that are listed here are among them: a process that is confined to them, and its
    child, find the same.
    """
    home = _home()
    if home is None:
        own = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]
        return _resolved(map(Path, own))
    members, wheels = home.parent / MEMBERS, home.parent / WHEELS
    homes = [members, *sorted(members.iterdir())] if members.is_dir() else []
    linked = {path.resolve().parent for path in wheels.iterdir()}
    base = Path(sys.base_prefix)
    return _resolved([home, *homes, base, host_folder(), wheels, *sorted(linked)])


def _home() -> Path | None:
    """The model's environment if it is not this process's own."""
    home = Path(sys.prefix).parent / NAME
    return home if (home / "pyvenv.cfg").is_file() else None


def _resolved(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(p.resolve() for p in paths if p not in (Path(), Path("/"))))
