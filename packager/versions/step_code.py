"""The code that a step consists of: its own module, and those of the project that it imports."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.errors import UsageError


def function_digest(step: str, directory: Path) -> str:
    """sha256 over the step's name and every file of the project that its module imports."""
    module = step.partition(":")[0]
    file = _file(module, directory)
    if file is None:
        raise UsageError(
            f"step {step}: expected module `{module}` in {directory}, got none",
            "write module:function, and run the command in the project's folder",
        )
    return _digest(step, _reached(file, directory), directory)


def command_digest(command: str, directory: Path) -> str:
    """sha256 over the command's words and every file of the project that they name."""
    named = [directory / word for word in shlex.split(command)]
    files = [path for path in named if path.is_file()]
    reached = [found for file in files for found in _reached(file, directory)]
    return _digest(command, reached, directory)


def _digest(name: str, files: list[Path], directory: Path) -> str:
    shas = {path.relative_to(directory).as_posix(): sha256_file(path) for path in files}
    return sha256_bytes(canonical_json([name, shas]))


def _reached(file: Path, directory: Path) -> list[Path]:
    """A file and, if it is Python, what it imports from ``directory``, and so on."""
    found, waiting = [file], [file]
    while waiting:
        for name in _imported(waiting.pop()):
            path = _file(name, directory)
            if path is not None and path not in found:
                found.append(path)
                waiting.append(path)
    return [path for path in found if path.is_relative_to(directory)]


def _imported(file: Path) -> Iterator[str]:
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_text(encoding="utf-8-sig"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not valid Python: {error}", "mend the line named") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str, directory: Path) -> Path | None:
    path = directory / module.replace(".", "/")
    places = (path.with_name(path.name + ".py"), path / "__init__.py")
    return next((place for place in places if place.is_file()), None)
