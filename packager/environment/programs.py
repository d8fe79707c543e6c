"""Starts programs on the host: found on the user's PATH, never in a project's folder.

Python searches the current folder for modules, and uv and pip search it for environments and
settings. So these programs run in an empty folder, without ``PYTHON…`` variables.
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
"""Prefixes of variables that select an interpreter or a project, or enable source builds."""
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
    """The absolute path of a program on ``search_path``; None if there is none."""
    return shutil.which(name, path=search_path())


def own_module(name: str, *arguments: str) -> list[str]:
    """Command that runs a module of this program, without the current folder (``-P``)."""
    return [sys.executable, "-P", "-m", name, *arguments]


def isolated_python(*arguments: str, python: str = sys.executable) -> list[str]:
    """Command that runs ``python`` without user packages, variables or the current folder."""
    return [python, "-I", *arguments]


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without ``DROPPED_VARIABLES``, with relative paths made absolute."""
    variables = {
        name: v for name, v in environment.items() if not name.startswith(DROPPED_VARIABLES)
    }
    variables |= {name: absolute(variables[name]) for name in PATH_VARIABLES & variables.keys()}
    return {**variables, "PATH": search_path(environment)}


def absolute(words: str) -> str:
    """``words`` with each existing path, relative to the current folder, made absolute."""
    converted = (word if "://" in word or not Path(word).exists() else os.path.abspath(word)
             for word in words.split(" "))  # fmt: skip
    return " ".join(converted)


def run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in an empty folder; return its exit code and output."""
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
