"""Runs a job of a CI pipeline here: a fresh clone, a shell, and the files that a job leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OWN = ("MODEL_PACKAGER_", "PYTEST_", "VIRTUAL_ENV", "PYTHON", "GIT_DIR", "GITHUB_", "CI_")
"""Beginnings of variables of the tests, which no job has."""
SCRIPT_SECONDS = 1200


@dataclass
class Step:
    """A script that ran."""

    name: str
    code: int
    output: str
    """stdout and stderr as they came."""


@dataclass
class JobRun:
    """A job that ran, or that didn't."""

    name: str
    workspace: Path
    steps: list[Step] = field(default_factory=list)

    @property
    def code(self) -> int:
        """0, or the exit code of the first step that failed."""
        return next((step.code for step in self.steps if step.code), 0)

    def told(self) -> str:
        """The log."""
        return "\n".join(f"$ {step.name}\n{step.output}[{step.code}]" for step in self.steps)


def machine_variables(home: Path) -> dict[str, str]:
    """The variables of a machine that runs jobs: none of the tests' own, another home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    home.mkdir(parents=True, exist_ok=True)
    own = Path(sys.executable).parent
    path = [part for part in kept["PATH"].split(os.pathsep) if Path(part) != own]
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        kept.pop(name, None)
    return {**kept, "HOME": str(home), "PATH": os.pathsep.join(path), "CI": "true"}


def trust_registry(home: Path, host: str, ca: Path) -> None:
    """Trust a registry's own CA, as docs/registry.md says."""
    folder = home / ".docker" / "certs.d" / host
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ca, folder / "ca.crt")


def clone(repository: Path, workspace: Path) -> None:
    """A fresh clone: nothing but what was committed."""
    git(workspace.parent, "clone", "--quiet", str(repository), str(workspace))


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run_script(
    name: str, lines: Sequence[str], workspace: Path, variables: Mapping[str, str]
) -> Step:
    """Run lines in one bash that ends at the first error."""
    done = subprocess.run(
        ["bash", "-e"],
        input="\n".join([*lines, ""]),
        cwd=workspace, env=dict(variables), text=True, check=False, timeout=SCRIPT_SECONDS,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Step(name, done.returncode, done.stdout)


def environment(folder: Path, python: Path, program: str) -> Path:
    """An environment with pip that has what ``program``, a wheel, needs, by links to uv's cache.

    So ``pip install`` in a job takes seconds, as in an image that has it; it installs the program.
    """
    uv = Path(sys.executable).parent / "uv"
    made = folder / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--seed", "--python", python, folder],
        [uv, "pip", "install", "--quiet", "--python", made, program],
        [uv, "pip", "uninstall", "--quiet", "--python", made, "model-packager"],
    ):
        subprocess.run(list(map(str, command)), check=True)
    return folder


def copied(source: Path, target: Path) -> None:
    """Copy a file or a folder onto what may be there."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
