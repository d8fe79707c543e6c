"""Find objects of the project's own code by ``module:name``, and convert its exceptions.

An exception of the project's code becomes a ``PackageError`` that names the file and the line in
the project; its traceback is written to stderr.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from modelhost.collection import rare_collections
from modelhost.errors import PackageError, UsageError
from modelhost.text import truncate

_FROM_SETUPTOOLS = {"pkg_resources": "setuptools<81", "distutils": "setuptools"}
"""Module → the versions of setuptools that have it, which old libraries need and do not require."""

MAX_MESSAGE = 10_000
"""Characters of an exception's message that are shown: it may quote a whole table."""


def find_module(name: str, key: str) -> ModuleType:
    """Import the project's module ``name``, which ``key`` of package.toml names.

    Raise ``UsageError`` if there is no such module, ``PackageError`` if importing it fails.
    """
    try:
        with project_errors(f"importing {name}"), rare_collections():
            return importlib.import_module(name)
    except PackageError as error:
        missing = error.__cause__
        if isinstance(missing, ModuleNotFoundError) and missing.name in _parents(name):
            raise UsageError(
                f"{key}: expected a module of the project, got {name!r}, which is not there",
                f"is {name.replace('.', '/')}.py in the project folder or its src folder?",
            ) from missing
        raise


def find_object(spec: str, key: str) -> tuple[ModuleType, Any]:
    """The module and the object that ``module:name`` names; raise ``UsageError`` if absent."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise UsageError(f"{key}: expected 'module:name', got {spec!r}", f'{key} = "train:train"')
    module = find_module(module_name, key)
    member = getattr(module, name, None)
    if not callable(member):
        raise UsageError(
            f"{key}: expected {name!r} in module {module_name!r}, which has no such function"
            " or class",
            f"define {name} there, or correct {key}",
        )
    return module, member


class project_errors:  # noqa: N801 - used as a function; a generator takes three times as long
    """Convert an exception of the project's code to a ``PackageError`` naming file and line.

    The traceback is written to stderr only if ``traced``: not if the error becomes a note.
    """

    def __init__(self, what: str, *, traced: bool = True) -> None:
        self._what = what
        self._traced = traced

    def __enter__(self) -> None:
        """Nothing is changed."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        """Raise ``PackageError`` for ``error``, unless it is one."""
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, PackageError):
            _raise(self._what, error, traced=self._traced)


def _raise(what: str, error: Exception | SystemExit, *, traced: bool) -> None:
    known = _package_error_behind(error)
    if known is not None:
        raise known from None
    if traced:
        sys.stderr.write(
            "".join(traceback.format_exception(type(error), error, error.__traceback__))
        )
    raise PackageError(f"{what} raised {_described(error)}", _hint(error)) from error


def _described(error: BaseException) -> str:
    """The type and the message, at most ``MAX_MESSAGE`` characters of it."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception as failure:  # the project's own method
        return f"{name}, whose message raised {type(failure).__name__}"
    return f"{name}: {truncate(text, MAX_MESSAGE)}" if text else name


def _parents(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[: end + 1]) for end in range(len(parts))}


def _package_error_behind(error: BaseException) -> PackageError | None:
    """The ``PackageError`` that the project's code (or a library it calls) wrapped, if any."""
    seen: set[int] = set()
    behind: BaseException | None = error
    while behind is not None and id(behind) not in seen:
        if isinstance(behind, PackageError):
            return behind
        seen.add(id(behind))
        behind = behind.__cause__ or behind.__context__
    return None


def _hint(error: BaseException) -> str:
    """The place in the project where the error occurred, and the fix if it is known."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        known = _FROM_SETUPTOOLS.get(error.name.partition(".")[0])
        if known:
            return f"add {known}, which has {error.name!r}, to the requirements file"
        return f"add what provides {error.name!r} to the requirements file"
    location = _raised_at(error)
    where = f"see {location} in the project" if location else "the traceback above says where"
    absent = _not_packaged(error)
    if absent:
        return (
            f"{where}: {absent} is not packaged; the folder that holds the data is left out of the "
            "code, and so are hidden and ignored files: move the file to another folder of the "
            "project"
        )
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES):
        return f"{where}: it may write into its working directory and the temporary folder only"
    return where


def _not_packaged(error: BaseException) -> str | None:
    """The path, below the project's folder, of a file that the code didn't find."""
    if not isinstance(error, FileNotFoundError) or not isinstance(error.filename, (str, bytes)):
        return None
    path, top = Path(os.fsdecode(error.filename)), Path.cwd().resolve()
    path = (top / path).resolve()
    return _relative(path, top)


def _raised_at(error: BaseException) -> str | None:
    """``file:line`` of the innermost frame within the project (the working directory)."""
    if isinstance(error, SyntaxError) and error.filename:
        relative = _inside_project(error.filename)
        return f"{relative}:{error.lineno}" if relative else None
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        relative = _inside_project(frame.filename)
        if relative:
            return f"{relative}:{frame.lineno}"
    return None


def _inside_project(filename: str) -> str | None:
    path = Path(filename).resolve()
    # Compiled modules name their source files, which are absent here.
    return _relative(path, Path.cwd().resolve()) if path.is_file() else None


def _relative(path: Path, top: Path) -> str | None:
    try:
        return path.relative_to(top).as_posix()
    except ValueError:
        return None
