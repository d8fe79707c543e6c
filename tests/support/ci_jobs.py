"""Runs a job of a CI pipeline here: a fresh clone, a shell, and the files that a job leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from packager.cache import cache_directory

OWN = ("MODEL_PACKAGER_", "PYTEST_", "VIRTUAL_ENV", "PYTHON", "GIT_DIR", "GITHUB_", "CI_")
"""Beginnings of variables of the tests, which no job has."""
SCRIPT_SECONDS = 7200
"""A bound for what hangs."""
LINKED_BYTES = 1 << 20
"""Larger files are links: nothing in a cache or an artifact is changed in place."""
SEEDS = ("layers", "wheels")
"""Folders of this machine's cache that jobs begin with, as those of an earlier run."""


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
    One that an earlier job has used loses the program again.
    """
    uv = Path(sys.executable).parent / "uv"
    interpreter = folder / "bin" / "python"
    new = [
        [uv, "venv", "--quiet", "--seed", "--python", python, folder],
        [uv, "pip", "install", "--quiet", "--python", interpreter, program],
    ]
    remove = [uv, "pip", "uninstall", "--quiet", "--python", interpreter, "model-packager"]
    for command in (*(() if interpreter.exists() else new), remove):
        subprocess.run(list(map(str, command)), check=True)
    return folder


def seed_cache(folder: Path) -> None:
    """Give the cache of jobs in ``folder`` the wheels and layers that this machine's cache has."""
    for name in SEEDS:
        for path in cache_directory(name).iterdir():
            with suppress(FileNotFoundError):  # removed meanwhile, by a build beside
                copied(path, folder / name / path.name)


def copied(source: Path, target: Path) -> None:
    """Copy a file or a folder onto what may be there."""
    if source.is_dir():
        shutil.copytree(
            source, target, dirs_exist_ok=True, symlinks=True, copy_function=copied_file
        )
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        copied_file(source, target)


def copied_file(source: str | Path, target: str | Path) -> None:
    """Copy or link a file, in place of one that may be there."""
    if Path(source).stat().st_size < LINKED_BYTES:
        shutil.copy2(source, target)
        return
    Path(target).unlink(missing_ok=True)
    os.link(source, target)
