"""Confines a project to plain files and folders within it; links out of it are refused.

Without this, an untrusted project could copy files of the user who builds it into the image. Only
data and a given model may be elsewhere, if ``package.toml`` names their path; a build warns of it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packager.errors import UsageError
from packager.progress import Progress

MAX_FILES = 30_000
"""Code files of a project; readers of a package bound the size of its manifest."""
MAX_DEPTH = 100
MIN_SPARSE_BYTES = 1 << 30
MAX_TEXT = 1 << 20
"""Bytes of ``package.toml``, of a requirements file, and of an ignore file."""
MAX_DOTS = 1_000
"""Dots in one line of TOML: parsing a dotted key is quadratic in its parts."""
MAX_PATTERNS = 5_000
MAX_STARS = 3
"""``*`` per name of a pattern, and ``**`` per pattern: matching takes length ** stars steps."""


def refuse_leaving(path: Path, top: Path) -> None:
    """Raise ``UsageError`` if ``path``, in the project ``top``, resolves to a path outside it."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(top)):
        raise UsageError(
            f"{_shown(path, top)}: a link that leaves the project, to {real}",
            "copy its target into the project, or remove the link; data and a pretrained model "
            "may be elsewhere, if package.toml names their path",
        )


def refuse_links_out(paths: Iterable[Path], top: Path) -> None:
    """Call ``refuse_leaving`` for each of ``paths``."""
    for path in paths:
        refuse_leaving(path, top)


def is_outside_project(directory: Path, name: str) -> bool:
    """Whether ``name``, a path of ``package.toml``, is outside the project as written.

    Raises ``UsageError`` if it is inside as written but resolves to a path outside.
    """
    path = Path(os.path.normpath(directory / name))
    if not path.is_relative_to(directory):
        return True
    refuse_leaving(path, directory)
    return False


def warn_outside(directory: Path, named: Iterable[tuple[str, str]], progress: Progress) -> None:
    """Warn of keys of ``package.toml`` that name files outside the project."""
    for key, name in named:
        if is_outside_project(directory, name):
            path = os.path.normpath(directory / name)
            progress.warn(f"package.toml: `{key}` reads {path}, outside of the project")


def refuse_strange(folder: Path) -> None:
    """Raise ``UsageError`` for links that leave ``folder`` or go in circles, and for pipes.

    It is copied into a project, and would bring other files of this machine along.
    """
    top = folder.resolve()
    for name, folders, files in os.walk(top):
        for path in (Path(name) / inner for inner in (*folders, *files)):
            refuse_leaving(path, top)
            refuse_special(path, path.name)
            if path.is_symlink() and path.is_dir():
                raise UsageError(
                    f"{path.relative_to(top)}: expected a file or folder, got a link to a folder",
                    "replace it by its target",
                )


def refuse_special(path: Path, called: str) -> None:
    """Raise ``UsageError`` if ``path`` exists and is neither a file nor a folder."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UsageError(
            f"{called}: expected a file or folder, got a pipe, socket or device",
            "name a regular file",
        )


def small_text(path: Path, called: str) -> str:
    """The text of a small file; raises ``UsageError`` if it is larger than ``MAX_TEXT``."""
    size = path.stat().st_size
    if size > MAX_TEXT:
        raise UsageError(
            f"{called}: expected at most {MAX_TEXT:,} bytes, got {size:,}", "make it smaller"
        )
    return path.read_text(encoding="utf-8-sig", errors="replace")


def small_toml(path: Path, called: str) -> dict[str, Any]:
    """The content of a small TOML file; raises the errors of ``small_text`` and ``parse_toml``."""
    return parse_toml(small_text(path, called), called)


def parse_toml(text: str, called: str) -> dict[str, Any]:
    """The content of TOML, parsed in time linear in its length.

    Raises ``UsageError`` for a line with too many dots, ``ValueError`` or ``RecursionError`` for
    invalid TOML.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MAX_DOTS:
            raise UsageError(
                f"{called} line {number}: expected at most {MAX_DOTS:,} dots in a line",
                "write nested tables, or break the text into several lines",
            )
    return tomllib.loads(text)


def patterns_of(file: Path) -> Iterator[str]:
    """The lines of ``.gitignore`` or ``.dockerignore``.

    Raises ``UsageError`` for too many lines or wildcards: the time to match a name grows with its
    length to the power of the number of wildcards.
    """
    lines = small_text(file, file.name).splitlines()
    if len(lines) > MAX_PATTERNS:
        raise UsageError(
            f"{file.name}: expected at most {MAX_PATTERNS:,} lines, got {len(lines):,}",
            "name folders in place of the files in them",
        )
    for number, line in enumerate(lines, 1):
        if max(map(_stars, line.split("/"))) > MAX_STARS or line.count("**") > MAX_STARS:
            raise UsageError(
                f"{file.name} line {number}: expected at most {MAX_STARS} wildcards in a name and "
                f"{MAX_STARS} of **, got {line[:80]!r}",
                "write several shorter patterns",
            )
        yield line


def refuse_deep(top: Path) -> None:
    """Raise ``UsageError`` if folders are nested more than ``MAX_DEPTH`` deep."""
    waiting = [(str(top), 0)]
    while waiting:
        folder, depth = waiting.pop()
        refuse_depth(Path(folder), depth)
        with os.scandir(folder) as entries:
            folders = [e.path for e in entries if e.is_dir(follow_symlinks=False)]
        waiting += [(path, depth + 1) for path in folders]


def refuse_depth(folder: Path, depth: int) -> None:
    """Raise ``UsageError`` for a folder nested more than ``MAX_DEPTH`` deep."""
    if depth > MAX_DEPTH:
        raise UsageError(
            f"{str(folder)[:200]}…: expected folders at most {MAX_DEPTH} deep",
            "move its contents up, or out of the project",
        )


def refuse_unnameable(inside: str) -> None:
    """Raise ``UsageError`` for a file name that is not UTF-8, which a manifest can't hold."""
    try:
        inside.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{inside.encode(errors='surrogateescape')!r}: expected a file name in UTF-8",
            "rename the file, or remove it",
        ) from error


def refuse_sparse(path: Path, inside: str) -> None:
    """Raise ``UsageError`` for a large sparse file, which would fill the disk when copied."""
    status = path.stat()
    if status.st_size > MIN_SPARSE_BYTES and status.st_blocks * 512 * 100 < status.st_size:
        raise UsageError(
            f"{inside}: expected a file with content, got a sparse file of "
            f"{status.st_size:,} bytes",
            "remove the file, or name it in .dockerignore",
        )


def _stars(name: str) -> int:
    return name.count("*") - name.count("**") if name.strip("*") else 0


def _shown(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)
