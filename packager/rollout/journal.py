"""The record of an update under way, in the folder: what a later command needs to end it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal

from packager.cache import atomic_directory, atomic_file
from packager.deploy.generated_folder import RECORD, read_generated
from packager.errors import PackageError, UsageError
from packager.lease import lock

FOLDER = ".update"
JOURNAL = "journal.json"
BEFORE = "before"
LOCK = ".update.lock"
UpdatePhase = Literal["starting", "gate", "shadow", "canary", "moving", "finishing"]
"""From ``finishing`` on the earlier version is stopped: there is no way back."""


@dataclass(frozen=True)
class UpdateJournal:
    """An update that has begun and has not ended."""

    model: str
    before: str
    """The version that served when it began."""
    version: str
    image: str
    phase: UpdatePhase
    options: Mapping[str, Any]
    """The options of the command, as JSON values."""


def read_journal(folder: Path) -> UpdateJournal | None:
    """The update under way in ``folder``; None without one."""
    path = folder / FOLDER / JOURNAL
    if not path.is_file():
        return None
    try:
        return UpdateJournal(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise PackageError(
            f"{path}: expected the record of an update, got another file",
            f"restore the files of {folder / FOLDER / BEFORE} by hand",
        ) from error


def begin(folder: Path, journal: UpdateJournal) -> None:
    """Keep the generated files as they are, and the journal, in one step."""
    recorded = read_generated(folder).files
    with atomic_directory(folder / FOLDER) as new:
        for path in [*recorded, RECORD]:
            if (folder / path).is_file():
                saved = new / BEFORE / path
                saved.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / path, saved)
        _write(new, journal)


def advance(folder: Path, journal: UpdateJournal, phase: UpdatePhase) -> UpdateJournal:
    """Record the next phase before it begins."""
    later = replace(journal, phase=phase)
    _write(folder / FOLDER, later)
    return later


def restore(folder: Path) -> None:
    """Make the generated files those of before; the record comes last.

    Files that are generated now and were not then are removed. Repeatable after an interruption.
    """
    saved = folder / FOLDER / BEFORE
    before = read_generated(saved).files
    for path in read_generated(folder).files.keys() - before.keys():
        (folder / path).unlink(missing_ok=True)
    for path in [*before, RECORD]:
        if (saved / path).is_file():
            _copy(saved / path, folder / path)


def _copy(source: Path, target: Path) -> None:
    content = source.read_bytes()
    if target.is_file() and target.read_bytes() == content:
        return
    mode = source.stat().st_mode
    with atomic_file(target) as file:
        file.write_bytes(content)
    target.chmod(mode)


def end(folder: Path) -> None:
    """Forget the update: first its journal, which makes it one."""
    (folder / FOLDER / JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _write(folder: Path, journal: UpdateJournal) -> None:
    with atomic_file(folder / JOURNAL) as file:
        file.write_text(json.dumps(asdict(journal), indent=1) + "\n", encoding="utf-8")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; raises ``UsageError`` if another process updates it now."""
    with (folder / LOCK).open("a+b") as file:
        if not _locked(file, folder / LOCK):
            raise UsageError(
                f"{folder}: another `package deploy update` is running here",
                "wait for its end, or stop it: it goes back",
            )
        try:
            yield
        finally:
            # Under the lock: who waits for nothing can't hold a file that is gone.
            (folder / LOCK).unlink(missing_ok=True)


def _locked(file: IO[bytes], path: Path) -> bool:
    """Whether this process has the lock now, on the file that has the name."""
    try:
        lock(file, wait=False)
    except OSError:
        return False
    return path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino
