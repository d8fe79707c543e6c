"""Runs ``package`` and Compose; their output goes to a log of the drill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from drill_parts import paths
from drill_parts.printing import say

LOG = paths.LOGS / "commands.log"
ADDED = paths.WORK / "drill.yml"
"""A second Compose file."""


def package(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ``package`` in the folder of the drill; exit with its error if it fails."""
    command = ["package", *map(str, arguments)]
    say("$ " + " ".join(command))
    done = _run([str(paths.PACKAGE), *command[1:]])
    if check and done.returncode:
        sys.exit(f"error: `{' '.join(command)}` failed:\n{done.stderr}")
    return done


def package_json(*arguments: object) -> dict[str, Any]:
    """The last line of what ``package … --json`` prints."""
    text = package(*arguments, "--json").stdout.strip().splitlines()[-1]
    return dict(json.loads(text))


def compose(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Compose on the deployed folder, with what the drill adds."""
    files = [f"--file={file}" for file in (paths.DEPLOYED / "compose.yml", ADDED)]
    command = [str(paths.PROGRAMS / "docker-compose"), *files, *map(str, arguments)]
    done = _run(command)
    if check and done.returncode:
        sys.exit(f"error: Compose failed: {' '.join(map(str, arguments))}\n{done.stderr}")
    return done


def docker(*arguments: object) -> str:
    """The output of ``docker``; exits if it fails."""
    done = _run(["docker", *map(str, arguments)])
    if done.returncode:
        sys.exit(f"error: docker {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout.strip()


def _run(command: list[str], cwd: Path = paths.WORK) -> subprocess.CompletedProcess[str]:
    # `package deploy update` looks for Compose on PATH.
    search = f"{paths.PROGRAMS}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}[{done.returncode}]\n")
    return done
