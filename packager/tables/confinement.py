"""Confine a table's files to its folder, whatever paths its log contains.

A table may be untrusted: its log, or a link in its folder, could name any file of this machine,
whose rows would be read and which ``gc`` would remove.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from packager.errors import PackageError
from packager.location import Location

_LOG = "_delta_log"
FOLDERS = (_LOG, f"{_LOG}/_sidecars", "_package_pins", "_package_labels")
"""Folders of a table whose files are read by name."""
MAX_LOG_FILE = 1 << 30
"""Maximum bytes of one log file; deltalake reads each into memory whole."""


def check_folder(location: Location) -> None:
    """Raise ``PackageError`` if a local table or one of ``FOLDERS`` contains links to elsewhere.

    Also for a log file that exceeds ``MAX_LOG_FILE``.
    """
    if location.path is not None:
        check_names(location, _links(location.path, ("", *FOLDERS)))
        _check_sizes(location, location.path / _LOG)


def check_names(location: Location, names: Iterable[str]) -> None:
    """Raise ``PackageError`` for the first name that isn't a file within the table's folder.

    Refused are an absolute path, a URI, a path with ``..``, and in a local table a link to
    elsewhere, a pipe, a socket or a device. Missing files pass.
    """
    top = None if location.path is None else location.path.resolve()
    for name in names:
        if "\0" in name or name in ("", "."):
            raise PackageError(
                f"{location}: expected names of files in its log, got {name!r}",
                "the log is damaged: restore it from a copy of the table",
            )
        if "://" in name or name[:1] == "/" or ".." in PurePosixPath(name).parts:
            raise PackageError(
                f"{location}: expected all its files within its folder, got {name}",
                "it is a shallow clone of another table: name that one, or make a deep clone",
            )
        if top is not None:
            _check_file(location, top, name)


def _check_file(location: Location, top: Path, name: str) -> None:
    path = top / name
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(top):
        raise PackageError(
            f"{location}: expected all its files within its folder, got {name}, a link to {real}",
            "put the file itself there in place of the link",
        )
    try:
        kind = real.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:  # a name that is too long, a loop of links
        raise PackageError(f"{location}: {name[:200]}: {error.strerror}") from error
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise PackageError(
            f"{location}: expected files of rows, got {name}, which is a pipe, socket or device",
            "remove it",
        )


def _check_sizes(location: Location, log: Path) -> None:
    if not log.is_dir():
        return
    for entry in os.scandir(log):
        with contextlib.suppress(FileNotFoundError):  # a writer's temporary file, renamed meanwhile
            size = entry.stat().st_size
            if size > MAX_LOG_FILE:
                raise PackageError(
                    f"{location}: expected files of at most {MAX_LOG_FILE >> 30} GiB in its log, "
                    f"got {entry.name} with {size:,} bytes",
                    "the log is damaged: restore the file from a copy of the table",
                )


def _links(top: Path, folders: Iterable[str]) -> Iterator[str]:
    """Entries of ``folders`` that are neither regular files nor folders."""
    for folder in folders:
        if not (top / folder).is_dir():
            continue
        with os.scandir(top / folder) as entries:
            for entry in entries:
                if not (
                    entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
                ):
                    yield f"{folder}/{entry.name}".lstrip("/")
