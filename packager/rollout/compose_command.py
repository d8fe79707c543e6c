"""Runs Compose on the folder of a deployment."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.environment.programs import find_program
from packager.errors import PackageError

SECONDS = 300.0
MAX_SAID = 800
"""Characters of an error of Compose that are shown."""


@dataclass(frozen=True)
class ComposeCommand:
    """Compose, for one folder."""

    folder: Path
    program: tuple[str, ...]

    @classmethod
    def find(cls, folder: Path) -> ComposeCommand:
        """``docker compose`` or ``docker-compose``; raises ``PackageError`` without both."""
        docker, own = find_program("docker"), find_program("docker-compose")
        if docker is not None:
            tried = _run([docker, "compose", "version"], None, SECONDS)
            if tried.returncode == 0:
                return cls(folder, (docker, "compose"))
        if own is not None:
            return cls(folder, (own,))
        raise PackageError(
            "expected Docker Compose, found neither `docker compose` nor `docker-compose`",
            "install Compose 2.20 or newer, so that one of them is on PATH",
        )

    def run(self, *arguments: str, text: str | None = None, seconds: float = SECONDS) -> str:
        """The output of a command of Compose; raises ``PackageError`` with its errors if it fails.

        ``text``: its stdin.
        """
        command = [*self.program, "-f", str(self.folder / "compose.yml"), *arguments]
        try:
            done = _run(command, text, seconds)
        except subprocess.TimeoutExpired as error:
            raise PackageError(
                f"docker compose {arguments[0]}: expected an end within {seconds:g} s, got none",
                "see whether the engine responds: docker ps",
            ) from error
        if done.returncode != 0:
            raise PackageError(
                f"docker compose {arguments[0]}: {_end(done.stderr) or 'failed'}",
                "the rest of its output is in the engine's log",
            )
        return done.stdout

    def containers(self, service: str) -> list[dict[str, Any]]:
        """The containers of a service, also stopped ones, as ``docker compose ps`` says."""
        output = self.run("ps", "--all", "--format", "json", service).strip()
        if output.startswith("["):  # before Compose 2.21
            return list(json.loads(output))
        return [json.loads(line) for line in output.splitlines()]

    def log(self, service: str, lines: int = 60) -> str:
        """The end of the logs of a service."""
        return self.run("logs", "--no-color", "--no-log-prefix", "--tail", str(lines), service)


def _run(command: list[str], text: str | None, seconds: float) -> subprocess.CompletedProcess[str]:
    """A signal of the terminal does not reach the program: this process decides what it ends."""
    return subprocess.run(
        command,
        input=text if text is not None else "",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds,
        env={**os.environ, "COMPOSE_PROGRESS": "quiet"},
        start_new_session=True,
    )


def _end(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " ".join(lines)[-MAX_SAID:]
