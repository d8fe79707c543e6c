"""The ledger of tests: one file for each, never changed, so that equal tests are not repeated.

An entry is found by the package root, the digest of the policy, and the files of the new data. The
folder needs no lock: entries are written atomically under the name of their key.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from packager.cache import atomic_file
from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError, UsageError
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Manifest
from packager.worker.test.report import DataTestReport

FOLDER = ".package-tests"
"""Beside the new data; hidden, so it is not packaged as code."""


class LedgerKey(FrozenModel):
    """The inputs that determine a test's result."""

    root: str
    """Package root, which covers the policy too."""
    policy: str
    """sha256 of the policy."""
    runtime: str
    """Digest of the layer with the modules that test."""
    files: tuple[str, ...]
    """``path sha256`` of the new data's files, in order."""
    labels: tuple[str, ...] = ()
    """The same of late labels, and the columns that they are joined by."""
    previous: str = ""
    """Root of the earlier package whose processor time was compared; empty for none."""

    @property
    def digest(self) -> str:
        """The name of the entry."""
        return sha256_bytes(self.dump())


class LedgerEntry(FrozenModel):
    """One test."""

    key: LedgerKey
    tag: str
    data: str
    """As named on the command line."""
    version: int | None = None
    """Of a table."""
    tested: str
    """When, in UTC."""
    report: DataTestReport

    @property
    def digests(self) -> list[str]:
        """sha256 of the files that were tested."""
        return [line.rpartition(" ")[2] for line in self.key.files]

    def has_file(self, files: Collection[str]) -> bool:
        """Whether one of ``files``, as sha256, was tested."""
        return any(digest in files for digest in self.digests)


@dataclass(frozen=True)
class Ledger:
    """The entries in a folder."""

    folder: Path
    labels: tuple[str, ...] = ()
    """If given, only a test with these labels (``LedgerKey.labels``) has seen its data."""

    def find(self, key: LedgerKey) -> LedgerEntry | None:
        """The entry of this key; None if there is none."""
        path = self._path(key)
        return _read(path) if path.is_file() else None

    def record(self, entry: LedgerEntry) -> None:
        """Add an entry; raise ``PackageError`` if the folder can't be written."""
        with atomic_file(self._path(entry.key)) as file:
            file.write_bytes(entry.dump())

    def entries(self, name: str) -> list[LedgerEntry]:
        """The entries of packages called ``name``, the oldest first.

        Raise ``PackageError`` for a damaged one.
        """
        entries = [_read(path) for path in sorted(self.folder.glob("*.json"))]
        return sorted((e for e in entries if e.report.name == name), key=lambda e: e.tested)

    def seen_files(self, root: str) -> frozenset[str]:
        """sha256 of the files that the package ``root`` was tested on."""
        return frozenset(digest for entry in self._of(root) for digest in entry.digests)

    def last(self, root: str, data: str, files: Collection[str] = ()) -> LedgerEntry | None:
        """The last test of the package ``root`` on ``data``; None if there is none.

        ``files``: sha256 of its files. A test of any of them counts, whatever the data were called:
        a path may be relative in one test and absolute in the next.
        """
        known = [one for one in self._of(root) if one.data == data or one.has_file(files)]
        return max(known, key=lambda entry: entry.tested, default=None)

    def last_version(self, root: str, data: str) -> int | None:
        """The latest version of the table ``data`` that the package was tested on."""
        known = [e.version for e in self._of(root) if e.version is not None and e.data == data]
        return max(known, default=None)

    def _of(self, root: str) -> list[LedgerEntry]:
        entries = (_read(path) for path in sorted(self.folder.glob("*.json")))
        own = [entry for entry in entries if entry.key.root == root]
        return [entry for entry in own if not self.labels or entry.key.labels == self.labels]

    def _path(self, key: LedgerKey) -> Path:
        return self.folder / f"{key.digest[:32]}.json"


def _read(path: Path) -> LedgerEntry:
    """An entry; raise ``PackageError`` for a file that is none, or of another version."""
    status = path.stat()
    return _parsed(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=10_000)
def _parsed(path: Path, _written: int, _size: int) -> LedgerEntry:
    """A test asks the ledger several questions; a file is parsed for the first only."""
    try:
        return LedgerEntry.load(path)
    except PackageError as error:
        got = "one of another version of this program" if _is_record(path) else "another file"
        raise PackageError(
            f"{path}: expected the record of a test, got {got}",
            "remove it, which forgets that test, or name another folder with --state",
        ) from error


def _is_record(path: Path) -> bool:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.keys() >= {"key", "tested", "report"}


def entry_of(
    key: LedgerKey, manifest: Manifest, data: str, version: int | None, report: DataTestReport
) -> LedgerEntry:
    """An entry of now."""
    return LedgerEntry(
        key=key,
        tag=manifest.tag,
        data=data,
        version=version,
        tested=datetime.now(UTC).isoformat(timespec="microseconds"),
        report=report,
    )


def policy_digest(manifest: Manifest) -> str:
    """sha256 of the canonical policy."""
    return sha256_bytes(canonical_json(manifest.test.model_dump(mode="json")))


def file_lines(files: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """``path sha256`` of each (path, sha256), sorted."""
    return tuple(f"{name} {sha256}" for name, sha256 in sorted(files))


def refuse_unreadable(folder: Path, data: Path) -> None:
    """Raise ``PackageError`` if ``folder`` is no place for entries of tests on ``data``.

    Entries below a folder of data would be data of the next test.
    """
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not standing.is_dir():
        raise PackageError(f"--state {folder}: expected a folder, got a file", "name a folder")
    if data.is_dir() and folder.resolve().is_relative_to(data.resolve()):
        raise UsageError(
            f"--state {folder}: expected a folder outside the new data, {data}",
            "name a folder beside it",
        )
