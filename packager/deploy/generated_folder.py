"""A folder of generated files that can be regenerated without losing a user's changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from packager.cache import atomic_directory, atomic_file, check_writable
from packager.confinement import refuse_leaving
from packager.data.memory_limit import fitting_memory
from packager.digest import sha256_bytes
from packager.errors import UsageError

RECORD = ".files.json"


@dataclass(frozen=True)
class GeneratedFiles:
    """The record of the files generated in a folder."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Path → sha256 of the generated content."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Plain data of the caller, for its next call."""


def read_generated(target: Path) -> GeneratedFiles:
    """The record in ``target``; an empty one for a new or empty folder.

    Raises ``UsageError`` for anything else.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return GeneratedFiles()
    if not target.is_dir() or not (target / RECORD).is_file():
        raise UsageError(
            f"{target}: expected a new or empty folder, or one this command wrote, got another",
            "name another folder with --output",
        )
    try:
        with fitting_memory(target / RECORD):
            record = json.loads((target / RECORD).read_text(encoding="utf-8"))
        files, pending = _digests(record["files"]), _digests(record.get("pending", {}))
        return GeneratedFiles({**files, **_arrived(target, pending)}, dict(record["notes"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{target / RECORD}: expected the record of the files written here, got another file",
            "name another folder with --output",
        ) from error


def check_files(target: Path, files: Mapping[str, str], others: Collection[str] = ()) -> list[str]:
    """Raise as ``write`` with the same arguments would; return what that would. Writes nothing."""
    before = read_generated(target)
    for path in {*before.files, *files}:
        refuse_leaving(target / path, target)
    changed = _changed(target, files, before, others)
    check_writable(target)
    return changed


def write(
    target: Path,
    files: Mapping[str, str],
    notes: Mapping[str, Any],
    others: Collection[str] = (),
) -> list[str]:
    """Write ``files`` below ``target``: a new folder atomically, else file by file.

    In a folder of an earlier call, generated files are replaced, and removed, with folders that get
    empty, if they are no longer generated; ``others`` (recorded paths that are not in ``files``)
    and unrecorded files are not changed. A file that the user changed is kept if its generated
    content is unchanged; the paths of such files are returned. Raises ``UsageError``, with nothing
    written, if such a file would be overwritten or removed, or the folder was not generated.
    """
    before = read_generated(target)
    changed = check_files(target, files, others)
    other_digests = {path: before.files[path] for path in others if path in before.files}
    after = GeneratedFiles(
        {**other_digests, **{path: _digest(text) for path, text in files.items()}}, notes
    )
    if not before.files:
        with atomic_directory(target, replace=True) as new:
            _fill(new, files, after)
        return []
    # If this call is killed, the next one finds in the record what was being written.
    _write(target, RECORD, _document(before, after.files))
    _remove(target, before.files.keys() - after.files.keys())
    _fill(target, {path: text for path, text in files.items() if path not in changed}, after)
    return changed


def _remove(target: Path, paths: Collection[str]) -> None:
    """Remove files below ``target``, and the folders that are empty without them."""
    for path in paths:
        (target / path).unlink(missing_ok=True)
        for parent in PurePosixPath(path).parents[:-1]:
            folder = target / parent
            if folder.is_symlink() or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _fill(folder: Path, files: Mapping[str, str], record: GeneratedFiles) -> None:
    for path, text in files.items():
        _write(folder, path, text)
    _write(folder, RECORD, _document(record))


def _write(folder: Path, path: str, text: str) -> None:
    """Write a file that everybody may read: containers mount it, whose users are others."""
    target = folder / path
    for parent in reversed(target.relative_to(folder).parents):
        location = folder / parent
        if not location.exists():
            location.mkdir()
            location.chmod(0o755)
    with atomic_file(target) as file:
        file.write_text(text, encoding="utf-8")


def _document(record: GeneratedFiles, pending: Mapping[str, str] = {}) -> str:
    """The text of a record; ``pending``: path → sha256 of what is about to be written."""
    document = {"files": dict(sorted(record.files.items())), "notes": record.notes}
    if pending:
        document["pending"] = dict(sorted(pending.items()))
    return json.dumps(document, indent=1) + "\n"


def _digests(digests: Mapping[str, Any]) -> dict[str, str]:
    """Path → sha256; raises ``ValueError`` for a path outside the folder."""
    for path in digests:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise ValueError(f"{path}: leaves the folder")
    return {str(path): str(digest) for path, digest in digests.items()}


def _arrived(target: Path, pending: Mapping[str, str]) -> dict[str, str]:
    """The files of ``pending`` that were written before the call that planned them was killed."""
    present = {path: target / path for path in pending if (target / path).is_file()}
    return {
        path: pending[path]
        for path, file in present.items()
        if sha256_bytes(file.read_bytes()) == pending[path]
    }


def _changed(
    target: Path, files: Mapping[str, str], before: GeneratedFiles, others: Collection[str]
) -> list[str]:
    """Files that the user changed and that can be kept; raises ``UsageError`` for any other."""
    changed = []
    for path in sorted({*(before.files.keys() - set(others)), *files}):
        file = target / path
        if file.is_dir():
            raise UsageError(f"{file}: expected a file, got a folder", "move it elsewhere")
        if not file.exists():
            continue
        planned = _digest(files[path]) if path in files else None
        if sha256_bytes(file.read_bytes()) in (before.files.get(path), planned):
            continue
        if planned is None or planned != before.files.get(path):
            raise UsageError(
                f"{file}: was changed since it was written here; nothing was written",
                "keep your change elsewhere and remove the file, or name another folder with "
                "--output",
            )
        changed.append(path)
    return changed


def _digest(text: str) -> str:
    return sha256_bytes(text.encode())
