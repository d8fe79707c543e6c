"""A folder of generated files that can be written again without losing what a person changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from packager.cache import check_writable, new_file, new_folder
from packager.digest import sha256_bytes
from packager.errors import UsageError

RECORD = ".files.json"
"""Path → sha256 of what was written here."""


def write(target: Path, files: Mapping[str, str]) -> None:
    """Write ``files`` below ``target``: a new folder at once, else file by file.

    In a folder that an earlier call wrote, its files are replaced (and removed where they are no
    longer made) and others left alone. Raises ``UsageError``, with nothing written, for another
    folder that holds something, or where a person changed a file in the meantime.
    """
    check_writable(target)
    _check(target, files)
    if not target.exists() or not any(target.iterdir()):
        with new_folder(target, replace=True) as new:
            _fill(new, files)
    else:
        for path in _recorded(target).keys() - files.keys():
            (target / path).unlink(missing_ok=True)
        _fill(target, files)


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    # The record comes last: what a kill leaves unrecorded is equal to what is written next.
    record = {path: sha256_bytes(text.encode()) for path, text in sorted(files.items())}
    for path, text in {**files, RECORD: json.dumps(record, indent=1) + "\n"}.items():
        with new_file(folder / path) as file:
            file.write_text(text, encoding="utf-8")


def _check(target: Path, files: Mapping[str, str]) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir() or not (target / RECORD).is_file():
        raise UsageError(
            f"{target}: expected a new or empty folder, or one this command wrote, got another",
            "name another folder with --out",
        )
    recorded = _recorded(target)
    for path in sorted({*recorded, *files}):
        file = target / path
        if file.is_dir():
            raise UsageError(f"{file}: expected a file, got a folder", "move it elsewhere")
        if not file.exists():
            continue
        found = sha256_bytes(file.read_bytes())
        planned = sha256_bytes(files[path].encode()) if path in files else None
        if found not in (recorded.get(path), planned):
            raise UsageError(
                f"{file}: was changed since it was written here; nothing was written",
                "keep your change elsewhere and remove the file, or name another folder with --out",
            )


def _recorded(target: Path) -> dict[str, str]:
    try:
        record = json.loads((target / RECORD).read_text(encoding="utf-8"))
        return {str(path): str(digest) for path, digest in record.items()}
    except (ValueError, AttributeError) as error:
        raise UsageError(
            f"{target / RECORD}: expected the record of the files written here, got {error}",
            "name another folder with --out",
        ) from error
