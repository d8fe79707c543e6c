"""Brings the source of a requirement into a folder: copies, downloads and unpacks it.

Nothing of it is executed. Archives are unpacked within bounds, and links must stay inside.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit
from zipfile import BadZipFile, ZipFile

import requests

from packager.cache import temporary_directory
from packager.digest import CHUNK, HashedFile, hash_files, sha256_file, tree_digest
from packager.environment.downloads import failed_download
from packager.environment.git_sources import fetch_commit
from packager.environment.index import IndexOptions
from packager.environment.sources import SourceRequirement
from packager.errors import PackageError, UsageError
from packager.tar_reader import TarReader, plain_tar, unpack_plain

MAX_SOURCE_BYTES = 4 << 30
MAX_MEMBERS = 200_000
SECONDS = (15, 120)
PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_OPEN = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}


@dataclass(frozen=True)
class SourceTree:
    """A source in a folder of this machine."""

    name: str
    """Its name in messages and in the lock."""
    folder: Path
    """The whole source."""
    digest: str
    """``git:COMMIT``, or ``sha256:`` of an archive or of a folder's files."""
    subdirectory: str = ""
    tag: str = ""
    """The version by the tags of its repository; empty if there are none."""
    code: Mapping[str, Path] = field(default_factory=dict)
    """The project's own code files, if the source is the project itself."""

    @property
    def project(self) -> Path:
        """The folder that is built."""
        return self.folder / self.subdirectory


@dataclass(frozen=True)
class PackagedCode:
    """The project whose requirements are built."""

    top: Path
    files: Mapping[str, Path]
    """Posix name below ``top`` → file that is packaged as code."""

    def below(self, folder: Path, called: str) -> dict[str, Path]:
        """The code files below a folder of the project, by their name in it.

        Raises ``UsageError`` if none of them says how to build.
        """
        inside = folder.resolve().relative_to(self.top.resolve()).as_posix()
        start = "" if inside == "." else f"{inside}/"
        files = {n.removeprefix(start): f for n, f in self.files.items() if n.startswith(start)}
        if not files.keys() & set(PROJECT_FILES[:2]):
            there = any((folder / name).is_file() for name in PROJECT_FILES[:2])
            raise UsageError(
                f"{called}: expected pyproject.toml or setup.py among its files, got none",
                "an ignore rule, or a credential in it, leaves it out: only files that are "
                "packaged as code are built; credentials belong into ~/.netrc or your pip or uv "
                "configuration"
                if there
                else "name the folder of a Python project",
            )
        return files

    def digest(self, folder: Path, called: str) -> str:
        """sha256 of the code files below a folder of the project: names, modes, contents."""
        return files_digest(hash_files(self.below(folder, called)))


def files_digest(files: Mapping[str, HashedFile]) -> str:
    """``sha256:`` and the digest of files by name, mode and content."""
    entries = ((f"{name}{'*' if f.executable else ''}", f.sha256) for name, f in files.items())
    return f"sha256:{tree_digest(entries)}"


@contextmanager
def source_tree(
    source: SourceRequirement, called: str, project: PackagedCode, index: IndexOptions
) -> Iterator[SourceTree]:
    """The files of ``source`` in a temporary folder.

    Raises ``PackageError`` if they can't be had, or differ from a hash in the requirement.
    """
    with temporary_directory() as work:
        folder = work / "source"
        folder.mkdir()
        if source.kind == "folder":
            files = project.below(source.path, called)
            for name, path in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / name)
                shutil.copymode(path, folder / name)
            own = source.path.resolve() == project.top.resolve() and not source.subdirectory
            digest = files_digest(hash_files({n: folder / n for n in files}))
            tree = SourceTree(called, folder, digest, code=project.files if own else {})
        elif source.kind == "git":
            commit = fetch_commit(source, called, folder, index.certificates)
            tree = SourceTree(called, folder, f"git:{commit.id}", tag=commit.tag)
        else:
            archive = source.path
            if source.kind != "archive":
                archive = work / (unquote(source.url.rpartition("/")[2])[-100:] or "source")
                _download(source, called, archive, index)
            digest = _checked(archive, source, called)
            tree = SourceTree(called, unpack_archive(archive, folder, called), digest)
        yield replace(tree, subdirectory=source.subdirectory)


def _checked(archive: Path, source: SourceRequirement, called: str) -> str:
    """``sha256:…`` of an archive, compared with the hashes of its requirement."""
    if not archive.is_file():
        raise UsageError(f"{called}: expected an archive, got no file", "fix its path")
    wrong = []
    for expected in source.hashes:
        algorithm, _, value = expected.partition(":")
        if algorithm not in ("sha256", "sha384", "sha512"):
            continue
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, algorithm).hexdigest()
        if digest == value.lower():
            break
        wrong.append(f"{algorithm} {value}, got {digest}")
    else:
        if wrong:
            raise PackageError(
                f"{called}: expected {wrong[0]}",
                "the file changed or was damaged: check it, and write its hash into the line",
            )
    return f"sha256:{sha256_file(archive)}"


def _download(source: SourceRequirement, called: str, path: Path, index: IndexOptions) -> None:
    parts = urlsplit(source.url)
    user, _, word = source.authority.partition(":")
    auth = (unquote(user), unquote(word)) if source.authority else None
    url = urlunsplit((*parts[:3], source.query, ""))
    try:
        with index.session() as session:
            known = auth or index.credentials().get(parts.netloc)
            with session.get(url, stream=True, timeout=SECONDS, auth=known) as answer:
                answer.raise_for_status()
                with path.open("wb") as file:
                    _copy(answer.iter_content(CHUNK), file, called)
    except requests.RequestException as error:
        raise failed_download(called, error) from None  # it may hold the whole address


def _copy(chunks: Iterator[bytes], file: IO[bytes], called: str) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_SOURCE_BYTES:
            raise PackageError(
                f"{called}: expected at most {MAX_SOURCE_BYTES >> 30} GiB, got more",
                "make a wheel of it, and name that",
            )
        file.write(chunk)


def unpack_archive(archive: Path, folder: Path, called: str) -> Path:
    """Unpack a source archive; returns its one top folder, or ``folder`` if there are several."""
    try:
        if archive.name.lower().endswith(".zip"):
            _unpack_zip(archive, folder, called)
        else:
            kind = archive.name.lower().rpartition(".")[2].replace("tgz", "gz")
            plain = folder.parent / "plain.tar"
            opener = cast(Any, _OPEN.get(kind, gzip.open))
            with opener(archive, "rb") as packed, plain.open("wb") as file:
                _copy(iter(lambda: packed.read(CHUNK), b""), file, called)
            with plain.open("rb") as file:
                unpack_plain(TarReader(file, plain_tar(called), MAX_MEMBERS), folder, inside=True)
            plain.unlink()
    except (OSError, EOFError, BadZipFile, lzma.LZMAError, NotImplementedError) as error:
        raise PackageError(
            f"{called}: expected a source archive, got {type(error).__name__}: {error}",
            "name a .tar.gz or .zip of a Python project",
        ) from error
    inside = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    top = inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
    return top if not top.is_symlink() else folder


def _unpack_zip(archive: Path, folder: Path, called: str) -> None:
    remaining = MAX_SOURCE_BYTES
    with ZipFile(archive) as opened:
        members = opened.infolist()
        if len(members) > MAX_MEMBERS:
            raise BadZipFile(f"more than {MAX_MEMBERS:,} members")
        for info in members:
            name = PurePosixPath(info.filename)
            mode = info.external_attr >> 16
            remaining -= info.file_size
            if name.is_absolute() or ".." in name.parts or stat.S_ISLNK(mode) or remaining < 0:
                raise PackageError(
                    f"{called}: expected files and folders, got {info.filename[:100]!r}",
                    "the archive is malicious or damaged: ask its author",
                )
            path = folder / name
            if info.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(info) as packed, path.open("xb") as file:
                shutil.copyfileobj(packed, file)
            path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
