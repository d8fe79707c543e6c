"""Finds the content of an output that DVC tracks, and compares it with its digest.

The workspace comes first: if its content differs, that is an error and no reason to look elsewhere.
Otherwise content comes from the cache or a remote that is a folder, and if they lack it from
``dvc fetch``, where DVC is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from packager.environment.programs import find_program
from packager.errors import PackageError, UsageError
from packager.progress import Progress
from packager.project.dvc.digests import DIGEST, FOLDER, file_digest, folder_digest
from packager.project.dvc.outputs import DvcAddress, TrackedOutput
from packager.project.dvc.repository import FOLDER as DVC
from packager.project.dvc.repository import DvcRepository
from packager.project.ignore_rules import IgnoreRules

DVCIGNORE = ".dvcignore"
MAX_FILES = 100_000
MAX_LISTING = 64 << 20
"""Bytes of the list of a folder's files."""
FETCH_SECONDS = 6 * 3_600.0


class AbsentError(Exception):
    """No store has the content of a digest; the text is the digest."""


def local_content(
    tracked: TrackedOutput,
    address: DvcAddress,
    repository: DvcRepository,
    folder: Path,
    progress: Progress,
) -> Path:
    """The output as a file or folder of this machine, whose content has the digest.

    It is that of the workspace, or a copy below ``folder``. Raises ``UsageError`` if the workspace
    has changed, ``PackageError`` if the content is nowhere, or damaged.
    """
    if tracked.path.exists():
        check_workspace(tracked, address, repository)
        return tracked.path
    target = folder / tracked.path.name
    try:
        return _copied(tracked, repository, target)
    except AbsentError as absent:
        if not tracked.cached:
            raise _never_kept(tracked, address) from None
        _fetch(tracked, address, repository, progress, absent)
    try:
        return _copied(tracked, repository, target)
    except AbsentError as absent:
        raise _nowhere(
            tracked, address, f"dvc fetched it, and {absent} is still not there"
        ) from None


def check_workspace(tracked: TrackedOutput, address: DvcAddress, repository: DvcRepository) -> None:
    """Raise ``UsageError`` if the workspace holds another content than ``address`` states."""
    path = tracked.path
    if path.is_dir() != tracked.is_folder:
        kind = {True: "a folder", False: "a file"}
        raise _changed(tracked, address, f"{kind[tracked.is_folder]}", kind[path.is_dir()])
    if path.is_file():
        digest = file_digest(path, tracked.algorithm)
        if digest != tracked.digest:
            raise _changed(tracked, address, tracked.digest, digest)
        return
    entries = {
        file.relative_to(path).as_posix(): file_digest(file, tracked.algorithm)
        for file in _tracked_files(path, IgnoreRules(path, DVCIGNORE, DVC))
    }
    digest = folder_digest(entries)
    if digest != tracked.digest:
        raise _changed(
            tracked, address, tracked.digest, digest, _difference(tracked, entries, repository)
        )


def _tracked_files(folder: Path, ignored: IgnoreRules) -> Iterator[Path]:
    """The files of a folder but for those that ``.dvcignore`` files leave out."""
    for path in sorted(folder.iterdir()):
        if ignored.why(path, folder=path.is_dir()) is not None:
            continue
        if path.is_dir():
            yield from _tracked_files(path, ignored)
        elif path.is_file():
            yield path


def _difference(tracked: TrackedOutput, entries: dict[str, str], repository: DvcRepository) -> str:
    """The file of a folder that differs, if the cache has its list."""
    try:
        recorded = _listing(tracked, repository)
    except AbsentError:
        return ""
    for name in sorted({*recorded, *entries}):
        if name not in entries:
            return f": {name} is missing"
        if name not in recorded:
            return f": {name} is new"
        if entries[name] != recorded[name]:
            return f": {name} has changed"
    return ""


def _copied(tracked: TrackedOutput, repository: DvcRepository, target: Path) -> Path:
    """Copy the content to ``target``; raises ``AbsentError`` if a store lacks a part of it."""
    if not tracked.is_folder:
        _copy(tracked, tracked.digest, repository, target)
        return target
    for name, digest in _listing(tracked, repository).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _copy(tracked, digest, repository, path)
    return target


def _copy(tracked: TrackedOutput, digest: str, repository: DvcRepository, target: Path) -> None:
    damaged = None
    for stored in repository.candidates(digest):
        shutil.copyfile(stored, target)
        got = file_digest(target, tracked.algorithm)
        if got == digest:
            return
        target.unlink()
        damaged = (stored, got)
    if damaged is not None:
        raise PackageError(
            f"{damaged[0]}: expected content with md5 {digest}, got {damaged[1]}",
            "the store is damaged: remove the file there, and run `dvc fetch`",
        )
    raise AbsentError(digest)


def _listing(tracked: TrackedOutput, repository: DvcRepository) -> dict[str, str]:
    """Name → digest of a folder's files, as its list in a store says."""
    for stored in repository.candidates(tracked.digest):
        if stored.stat().st_size > MAX_LISTING:
            raise UsageError(f"{stored}: expected at most {MAX_LISTING:,} bytes", "name a file")
        try:
            listed = json.loads(stored.read_bytes())
            entries = {str(one["relpath"]): str(one["md5"]) for one in listed}
        except (ValueError, TypeError, LookupError, RecursionError):
            entries = {}
        if folder_digest(entries) == tracked.digest:
            _refuse_leaving(entries, stored)
            return entries
    raise AbsentError(tracked.digest)


def _refuse_leaving(entries: dict[str, str], stored: Path) -> None:
    if len(entries) > MAX_FILES:
        raise UsageError(
            f"{stored}: expected at most {MAX_FILES:,} files, got {len(entries):,}",
            "track fewer, larger files",
        )
    for name, digest in entries.items():
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts or "\0" in name:
            raise UsageError(
                f"{stored}: expected names below the folder, got {name!r}", "add it again"
            )
        if not DIGEST.fullmatch(digest) or digest.endswith(FOLDER):
            raise UsageError(
                f"{stored}: expected the md5 of {name}, got {digest!r}", "run `dvc add`"
            )


def _fetch(
    tracked: TrackedOutput,
    address: DvcAddress,
    repository: DvcRepository,
    progress: Progress,
    absent: AbsentError,
) -> None:
    """Have DVC bring the content into its cache; raises ``PackageError`` if it can't."""
    program = find_program("dvc")
    if program is None:
        raise _nowhere(tracked, address, f"neither the cache nor a local remote has {absent}")
    target = str(tracked.path if tracked.stage else tracked.file)
    progress.step(f"fetching {tracked.path.name} with dvc")
    try:
        done = subprocess.run(
            [program, "fetch", "--quiet", target],
            cwd=repository.top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise _nowhere(tracked, address, f"dvc fetch took over {FETCH_SECONDS:g} s") from late
    if done.returncode != 0:
        output = " ".join(done.stderr.decode(errors="replace").split())[:300]
        raise _nowhere(tracked, address, f"dvc fetch failed: {output}")


def _changed(
    tracked: TrackedOutput, address: DvcAddress, expected: str, got: str, what: str = ""
) -> UsageError:
    brings = f"dvc checkout {tracked.path if tracked.stage else address.file}"
    back = f"`{brings}` brings the recorded content back"
    if not tracked.cached:
        back = f"`git checkout {tracked.path}` brings the recorded content back, if git has it"
    again = "`dvc repro` records it again"
    return UsageError(
        f"{tracked.path}: expected {expected}, as {address.file} states, got {got}{what}",
        f"{back}; {again if tracked.stage else '`dvc add` or `dvc commit` records this one'}",
    )


def _never_kept(tracked: TrackedOutput, address: DvcAddress) -> PackageError:
    made = (
        f"`dvc repro {tracked.stage}` makes it again" if tracked.stage else "or put it there again"
    )
    return PackageError(
        f"{tracked.path}: expected the content that {address.file} states, got no file, and DVC "
        "keeps no copy of it (`cache: false`)",
        f"`git checkout {tracked.path}` brings it back, if git has it; {made}",
    )


def _nowhere(tracked: TrackedOutput, address: DvcAddress, why: str) -> PackageError:
    pulled = str(tracked.path) if tracked.stage else address.file
    return PackageError(
        f"{address.file}: expected the content of {tracked.path.name}, got none: {why}",
        f"run `dvc pull {pulled}` in the repository (`pip install dvc` brings it)",
    )
