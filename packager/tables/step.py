"""Run one step in a separate process, on parents exported to files.

``python -m packager.tables.step MODULE:FUNCTION PARAMS OUT PARENT…`` calls the function with a
frame for each parent, in order, and the parameters by name, and writes its result to OUT.
"""

from __future__ import annotations

import importlib
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from packager.data.frames import read
from packager.environment.programs import own_module
from packager.errors import PackageError, UsageError
from packager.tables.labels.store import Labels
from packager.tables.step_code import command_digest, function_digest


@dataclass(frozen=True)
class CodeStep:
    """A function ``module:function`` of a folder, or a command."""

    text: str
    params: Mapping[str, Any]
    is_command: bool = False
    reads_labels: bool = False

    def digest(self, directory: Path) -> str:
        """sha256 over its code."""
        of = command_digest if self.is_command else function_digest
        return of(self.text, directory)

    def run(self, parents: Sequence[Path], out: Path, directory: Path) -> None:
        """Write ``out``; raise ``PackageError`` if the step fails."""
        if self.is_command:
            named = {file.stem: file for file in parents}
            run_command(self.text, named, self.params, out, directory)
        else:
            run_function(self.text, parents, self.params, out, directory)

    def labels(self, parents: Sequence[Labels | None]) -> None:
        """None: a step makes rows."""


EXIT_INVALID_STEP = 3
"""Exit code for an invalid step; the message is on stderr."""


def run_function(
    step: str, parents: Sequence[Path], params: Mapping[str, Any], out: Path, directory: Path
) -> None:
    """Call ``module:function`` in a fresh process; raise ``PackageError`` if it fails."""
    arguments = [step, json.dumps(dict(params)), str(out), *map(str, parents)]
    _run(own_module(__name__, *arguments), directory, step)


def run_command(
    command: str, parents: Mapping[str, Path], params: Mapping[str, Any], out: Path, directory: Path
) -> None:
    """Run a command; ``{NAME}`` in it is a parent's file or a parameter, ``{out}`` the output."""
    values = {**{name: str(value) for name, value in params.items()}, "out": str(out)}
    values |= {name: str(path) for name, path in parents.items()}
    words = shlex.split(command)
    for name, value in values.items():
        words = [word.replace("{" + name + "}", value) for word in words]
    _run(words, directory, command)


def _run(words: list[str], directory: Path, step: str) -> None:
    try:
        done = subprocess.run(words, cwd=directory, stdout=2, check=False)
    except OSError as error:
        raise UsageError(f"step {step}: can't be started: {error}", "check its name") from error
    if done.returncode:
        raise PackageError(
            f"step {step}: ended with {done.returncode}; nothing was committed",
            "its output is above",
        )


def call(step: str, params: dict[str, Any], out: Path, parents: Sequence[Path]) -> None:
    """Call the function and write its result to ``out`` as Parquet; ``UsageError`` if invalid."""
    sys.path.insert(0, str(Path.cwd()))
    module, _, name = step.partition(":")
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function):
        raise UsageError(f"step {step}: expected a function `{name}` in {module}, got none")
    frame = function(*[read(path) for path in parents], **params)
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"step {step}: expected a DataFrame, got {type(frame).__name__}")
    frame.to_parquet(out, index=False)


if __name__ == "__main__":
    try:
        call(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), list(map(Path, sys.argv[4:])))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_INVALID_STEP)
