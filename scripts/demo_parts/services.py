"""Servers that the demo starts, each for the length of a block."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from demo_parts import paths
from demo_parts.printing import command
from demo_parts.processes import started

TOKEN_FILE = "MODEL_ISSUES_TOKEN_FILE"


@contextmanager
def served(target: str, local: Sequence[str]) -> Iterator[str]:
    """The address of a server of a package."""
    with _first_line(["serve", target, "--port", "0", *local], "serve.log") as url:
        print(f"  {url}")
        yield url


@contextmanager
def issue_tracker() -> Iterator[str]:
    """The address of an issue tracker without issues, whose token the commands in the block use."""
    shutil.rmtree(paths.WORK / "issues", ignore_errors=True)
    token = "issues/admin.token"
    arguments = ["issues", "serve", "--state", "issues", "--port", "0", "--json"]
    with _first_line(arguments, "issues.log") as line:
        url = str(json.loads(line)["url"])
        print(f"  {url}")
        command(f"export {TOKEN_FILE}={token}")
        os.environ[TOKEN_FILE] = token
        yield url


@contextmanager
def _first_line(arguments: Sequence[str], log_name: str) -> Iterator[str]:
    """The first line that a server prints, when it is ready; exits if it prints none."""
    command(f"package {' '.join(arguments)}")
    log_file = paths.WORK / log_name
    with (
        log_file.open("w", encoding="utf-8") as log,
        started(arguments, stderr=log) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            sys.exit(f"error: the server did not start\nhint: see {log_file}")
        yield line
