"""Programs that the host starts: found where the user has them, never in a project's folder.

Python looks into the current folder for modules, and so do uv and pip for environments and
settings. So these run in a folder of their own, with nothing of ``PYTHON…``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

BUILD_VARIABLES = (
    "UV_NO_BINARY",
    "UV_NO_BUILD",
    "UV_BUILD_",
    "UV_CONFIG_SETTINGS",
    "UV_ONLY_BINARY",
)
PROJECT_VARIABLES = (
    "UV_CONFIG",
    "UV_NO_CONFIG",
    "UV_PROJECT",
    "UV_WORKING",
    "UV_PYTHON",
    "UV_ENV_FILE",
)
DROPPED_VARIABLES = (*BUILD_VARIABLES, *PROJECT_VARIABLES, "PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX")
"""Beginnings of variables that name an interpreter or a project, or that build from source."""
PATH_VARIABLES = frozenset(
    [
        "UV_FIND_LINKS",
        "UV_CONSTRAINT",
        "UV_OVERRIDE",
        "UV_CACHE_DIR",
        "PIP_CONFIG_FILE",
        "PIP_FIND_LINKS",
        "PIP_CERT",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "NETRC",
    ]
)


def search_path(environment: Mapping[str, str] = os.environ) -> str:
    """``PATH`` without the current folder and other relative entries."""
    entries = environment.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry))


def find_program(name: str) -> str | None:
    """The absolute path of a program on ``search_path``; None where there is none."""
    return shutil.which(name, path=search_path())


def own_module(name: str, *arguments: str) -> list[str]:
    """This interpreter on a module of this program: the current folder holds none (``-P``)."""
    return [sys.executable, "-P", "-m", name, *arguments]


def isolated_python(*arguments: str, python: str = sys.executable) -> list[str]:
    """``python`` without the user's packages and variables and without the current folder."""
    return [python, "-I", *arguments]


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without ``DROPPED_VARIABLES``, its relative paths made absolute."""
    kept = {name: v for name, v in environment.items() if not name.startswith(DROPPED_VARIABLES)}
    kept |= {name: absolute(kept[name]) for name in PATH_VARIABLES & kept.keys()}
    return {**kept, "PATH": search_path(environment)}


def absolute(words: str) -> str:
    """``words`` with each that is a path from the current folder made absolute."""
    found = (word if "://" in word or not Path(word).exists() else os.path.abspath(word)
             for word in words.split(" "))  # fmt: skip
    return " ".join(found)


def run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in an empty folder, and return what it said."""
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        return subprocess.run(
            command,
            cwd=folder,
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
