"""The code of a step: its own module, and the project's modules that it imports."""

from __future__ import annotations

import shlex
from pathlib import Path

from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.environment.code_imports import imported_files, module_file
from packager.errors import UsageError


def function_digest(step: str, directory: Path) -> str:
    """sha256 over the step's name and every file of the project that its module imports."""
    module = step.partition(":")[0]
    file = module_file(module, directory)
    if file is None:
        raise UsageError(
            f"step {step}: expected module `{module}` in {directory}, got none",
            "write module:function, and run the command in the project's folder",
        )
    return _digest(step, _reached([file], directory), directory)


def command_digest(command: str, directory: Path) -> str:
    """sha256 over the command's words and every file of the project that they name."""
    named = [directory / word for word in shlex.split(command)]
    files = [path for path in named if path.is_file()]
    return _digest(command, _reached(files, directory), directory)


def _digest(name: str, files: list[Path], directory: Path) -> str:
    shas = {path.relative_to(directory).as_posix(): sha256_file(path) for path in files}
    return sha256_bytes(canonical_json([name, shas]))


def _reached(files: list[Path], directory: Path) -> list[Path]:
    return [path for path in imported_files(files, [directory]) if path.is_relative_to(directory)]
