"""What a project may name: plain files and folders within it. A link that leaves it is refused.

Somebody else's project could otherwise carry off files of whoever builds it. Only data and a given
model may lie elsewhere, and only where ``package.toml`` itself says so; a build tells that.
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
"""Of code: what reads a package bounds its manifest."""
MAX_DEPTH = 100
MIN_SPARSE_BYTES = 1 << 30
MAX_TEXT = 1 << 20
"""Bytes of ``package.toml``, of a file of requirements, of patterns to leave out."""
MAX_DOTS = 1_000
"""In one line of TOML: reading a dotted key takes the square of its parts."""
MAX_PATTERNS = 5_000
MAX_STARS = 3
"""``*`` in one name of a pattern, and ``**`` in all of it: matching takes length ** stars steps."""


def refuse_leaving(path: Path, top: Path) -> None:
    """Raise ``UsageError`` if ``path``, which lies in the project ``top``, is a link out of it."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(top)):
        raise UsageError(
            f"{_shown(path, top)}: a link that leaves the project, to {real}",
            "copy what it names into the project, or remove the link; data and a pretrained model "
            "may be elsewhere, if package.toml names their path",
        )


def refuse_links_out(paths: Iterable[Path], top: Path) -> None:
    """As ``refuse_leaving``, for each of ``paths``."""
    for path in paths:
        refuse_leaving(path, top)


def lies_outside(directory: Path, name: str) -> bool:
    """Whether ``name``, a path of ``package.toml``, is one outside of the project as written.

    Raises ``UsageError`` where it is one inside, and a link on the way leads out.
    """
    place = Path(os.path.normpath(directory / name))
    if not place.is_relative_to(directory):
        return True
    refuse_leaving(place, directory)
    return False


def tell_outside(directory: Path, named: Iterable[tuple[str, str]], progress: Progress) -> None:
    """Say which keys of ``package.toml`` read files from outside of the project."""
    for key, name in named:
        if lies_outside(directory, name):
            place = os.path.normpath(directory / name)
            progress.warn(f"package.toml: `{key}` reads {place}, outside of the project")


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
                    "replace it by what it names",
                )


def refuse_special(path: Path, called: str) -> None:
    """Raise ``UsageError`` for what is there and is neither a file nor a folder."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UsageError(
            f"{called}: expected a file or folder, got a pipe, socket or device",
            "name a regular file",
        )


def small_text(path: Path, called: str) -> str:
    """The text of a small file; ``UsageError`` where it is larger than ``MAX_TEXT``."""
    size = path.stat().st_size
    if size > MAX_TEXT:
        raise UsageError(
            f"{called}: expected at most {MAX_TEXT:,} bytes, got {size:,}", "make it smaller"
        )
    return path.read_text(encoding="utf-8-sig", errors="replace")


def small_toml(path: Path, called: str) -> dict[str, Any]:
    """The content of a small TOML file; raises as ``parse_toml`` does."""
    return parse_toml(small_text(path, called), called)


def parse_toml(text: str, called: str) -> dict[str, Any]:
    """The content of TOML, in a time that grows with its length alone.

    Raises ``UsageError`` where a line has too many dots, ``ValueError`` or ``RecursionError`` where
    it is no TOML.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MAX_DOTS:
            raise UsageError(
                f"{called} line {number}: expected at most {MAX_DOTS:,} dots in a line",
                "write nested tables, or break the text into several lines",
            )
    return tomllib.loads(text)


def patterns_of(file: Path) -> Iterator[str]:
    """The lines of ``.gitignore`` or ``.dockerignore``; ``UsageError`` for one that costs too much.

    Many wildcards in one name take a time that grows with the name's length to the power of their
    number.
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
    """Raise ``UsageError`` where folders lie in each other more than ``MAX_DEPTH`` deep."""
    waiting = [(str(top), 0)]
    while waiting:
        folder, depth = waiting.pop()
        refuse_depth(Path(folder), depth)
        with os.scandir(folder) as entries:
            found = [e.path for e in entries if e.is_dir(follow_symlinks=False)]
        waiting += [(path, depth + 1) for path in found]


def refuse_depth(folder: Path, depth: int) -> None:
    """Raise ``UsageError`` for a folder that lies more than ``MAX_DEPTH`` deep."""
    if depth > MAX_DEPTH:
        raise UsageError(
            f"{str(folder)[:200]}…: expected folders at most {MAX_DEPTH} deep",
            "move what is in there up, or out of the project",
        )


def refuse_unnameable(inside: str) -> None:
    """Raise ``UsageError`` for a file name that is no text: a manifest can't name it."""
    try:
        inside.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{inside.encode(errors='surrogateescape')!r}: expected a file name in UTF-8",
            "rename the file, or remove it",
        ) from error


def refuse_sparse(path: Path, inside: str) -> None:
    """Raise ``UsageError`` for a large file of holes, which would fill the disk."""
    found = path.stat()
    if found.st_size > MIN_SPARSE_BYTES and found.st_blocks * 512 * 100 < found.st_size:
        raise UsageError(
            f"{inside}: expected a file with content, got {found.st_size:,} bytes of holes",
            "remove the file, or name it in .dockerignore",
        )


def _stars(name: str) -> int:
    return name.count("*") - name.count("**") if name.strip("*") else 0


def _shown(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)
