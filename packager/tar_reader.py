"""Reads untrusted tar files within bounds, and unpacks them without following links.

``tarfile`` only parses the headers. Extraction is implemented here, because that of ``tarfile`` has
followed links out of its folder in several Python releases, and Python before 3.11.4 has no
extraction filter.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import tarfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from packager.digest import CHUNK
from packager.errors import PackageError

MAX_MEMBERS = 500_000
MAX_HEADER = 64 * 1024
"""Bytes of one extended header. The longest path on Linux has 4,096 bytes."""
MAX_HEADERS = 1024**3
"""Bytes of all extended headers of an archive."""
MAX_RECORDS = 1_000
"""Records of one extended header, and of all global headers."""
MAX_ALL_RECORDS = 4_000_000
# tarfile searches extended headers with an expression that is quadratic in runs of digits
# (CVE-2024-6232, fixed in Python 3.11.10).
DIGITS = re.compile(rb"\d{500}")
MAX_TIME = 2**32
MEMBER_ERRORS = (errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.EPERM)
"""Errors that a member can cause: a long name, a file in place of a folder, a dangling link."""
DAMAGED = "the file is damaged or malicious: copy it again, or ask its author"


class Window(io.RawIOBase):
    """The ``size`` bytes of a seekable file from ``offset`` on, as a file.

    Closing it closes the underlying file if ``owned``.
    """

    def __init__(self, file: IO[bytes], offset: int, size: int, *, owned: bool = True) -> None:
        super().__init__()
        self._file, self._offset, self._size, self._position = file, offset, size, 0
        self._owned = owned

    def readable(self) -> bool:
        """See ``io.RawIOBase``."""
        return True

    def seekable(self) -> bool:
        """See ``io.RawIOBase``."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See ``io.RawIOBase``."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """See ``io.RawIOBase``."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """See ``io.RawIOBase``."""
        self._file.seek(self._offset + self._position)
        content = self._file.read(max(0, min(len(buffer), self._size - self._position)))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        """Close the file if this reader opened it."""
        if self._owned and not self.closed:
            self._file.close()
        super().close()


Refuse = Callable[[str], PackageError]
"""Fault → the error to raise."""


def plain_tar(called: str) -> Refuse:
    """Makes the error for the tar ``called`` that is no plain tar."""
    return lambda got: PackageError(f"{called}: expected a plain tar, got {got}", DAMAGED)


class TarReader:
    """Iterates over the members of the uncompressed tar in ``file``, which must be seekable.

    Raises ``refusal``'s error for what archives of images or files don't contain: sparse files,
    extended headers beyond the bounds, more than ``most`` members, or bytes other than padding
    after the end.
    """

    def __init__(
        self,
        file: IO[bytes],
        refusal: Refuse,
        most: int = MAX_MEMBERS,
        known: Sequence[tarfile.TarInfo] | None = None,
    ) -> None:
        """``known``: the members, if this process wrote the tar; its headers are not read then."""
        self._file = file
        self.refusal = refusal
        self._most = most
        self._known = known

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        if self._known is not None:
            if len(self._known) > self._most:
                raise self.refusal(f"more than {self._most:,} members")
            yield from self._known
            return
        self._file.seek(0)
        try:
            headers = cast(IO[bytes], _Headers(self._file, self.refusal))
            with tarfile.open(fileobj=headers, mode="r:", tarinfo=_NoSparse) as tar:
                yield from self._members(tar)
        except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
            raise self.refusal(f"an incomplete or invalid tar ({error})") from error

    def _members(self, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
        count = 0
        while (info := tar.next()) is not None:
            count += 1
            vars(tar)["members"] = []  # tarfile keeps every member it has seen
            if count > self._most:
                raise self.refusal(f"more than {self._most:,} members")
            if len(tar.pax_headers) > MAX_RECORDS:
                raise self.refusal(f"more than {MAX_RECORDS:,} global records")
            if info.issparse():
                raise self.refusal(f"the sparse file {info.name!r}")
            if info.size < 0 or "\0" in info.name + info.linkname:
                raise self.refusal(f"the member {info.name!r}, which no file system can hold")
            yield info
        self._file.seek(tar.offset)
        if self._file.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise self.refusal(f"a header that can't be read, at byte {tar.offset}")

    def chunks(self, info: tarfile.TarInfo) -> Iterator[bytes]:
        """The content of a regular file; raises ``PackageError`` if the tar is truncated."""
        self._file.seek(info.offset_data)
        remaining = info.size
        while remaining:
            chunk = self._file.read(min(CHUNK, remaining))
            if not chunk:
                raise self.refusal(f"an end within {info.name!r}")
            remaining -= len(chunk)
            yield chunk

    def open(self, info: tarfile.TarInfo) -> IO[bytes]:
        """The content of a regular file, as a seekable file."""
        return io.BufferedReader(Window(self._file, info.offset_data, info.size, owned=False))

    def content(self, info: tarfile.TarInfo, most: int) -> bytes:
        """The content of a regular file; raises ``PackageError`` for more than ``most`` bytes."""
        if info.size > most:
            raise self.refusal(f"{info.size:,} bytes in {info.name!r}, more than {most:,}")
        return b"".join(self.chunks(info))


class _NoSparse(tarfile.TarInfo):
    """A member that can't be sparse: ``tarfile`` would hold a map of unbounded length in memory."""

    def _proc_sparse(self, *_: object) -> tarfile.TarInfo:
        raise tarfile.ReadError("a sparse file")

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise tarfile.ReadError("a sparse file")


class _Headers:
    """A file from which ``tarfile`` reads headers; bounds the bytes per read and in total."""

    def __init__(self, file: IO[bytes], refusal: Refuse) -> None:
        self._file, self._refusal = file, refusal
        self._records = self._bytes = 0

    def tell(self) -> int:
        """See ``io.RawIOBase``."""
        return self._file.tell()

    def seek(self, offset: int) -> int:
        """See ``io.RawIOBase``."""
        return self._file.seek(offset)

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise self._refusal(f"a header of {size:,} bytes, more than {MAX_HEADER:,}")
        content = self._file.read(size)
        if size > tarfile.BLOCKSIZE:
            if DIGITS.search(content):
                raise self._refusal("an extended header with 500 digits in a row")
            records = content.count(b"\n")
            self._records, self._bytes = self._records + records, self._bytes + size
            if records > MAX_RECORDS or self._records > MAX_ALL_RECORDS:
                raise self._refusal(f"extended headers of more than {MAX_RECORDS:,} records")
            if self._bytes > MAX_HEADERS:
                raise self._refusal(f"more than {MAX_HEADERS:,} bytes of extended headers")
        return content

    def close(self) -> None:
        """Close the file if this reader opened it."""
        pass


def extract_member(
    reader: TarReader, info: tarfile.TarInfo, path: Path, target: Path | None = None
) -> None:
    """Write one member at ``path``, which must not exist, except as a folder for a folder.

    The folders above ``path`` must not be links. ``target`` is the target of a hard link. No link
    is followed; modes and times are set only on files and folders made here.
    """
    if info.isdir():
        path.mkdir(exist_ok=True)
        os.chmod(path, info.mode & 0o755)
    elif info.issym():
        os.symlink(info.linkname, path)
    elif info.islnk() and target is not None:
        if stat.S_ISLNK(target.lstat().st_mode):
            os.symlink(os.readlink(target), path)
        else:
            os.link(target, path, follow_symlinks=False)
    elif info.isreg():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o600), "wb") as file:
            for chunk in reader.chunks(info):
                file.write(chunk)
            file.flush()
            os.fchmod(file.fileno(), info.mode & 0o755)
            moment = min(max(int(info.mtime), 0), MAX_TIME)
            os.utime(file.fileno(), (moment, moment))
    else:
        raise reader.refusal(f"{info.name!r}, which is not a file, folder or link")


def unpack_plain(
    reader: TarReader, folder: Path, *, inside: bool, tops: Collection[str] = ()
) -> None:
    """Unpack files, folders and links below ``folder``; later members replace earlier ones.

    ``tops``: only what is at or below these names of the archive's top; without them everything.
    Raises ``PackageError`` for a name that leaves the folder or passes through a link; with
    ``inside`` also for a symbolic link out of the folder.
    """
    real = {folder}
    for info in reader:
        path = PurePosixPath(info.name)
        if not path.parts or (tops and path.parts[0] not in (*tops, "/", "..")):
            continue
        if inside and info.issym() and not _stays(path, PurePosixPath(info.linkname)):
            raise reader.refusal(f"the link {info.name!r}, which leaves its folder")
        file = _target_path(reader, folder, path, real)
        link = PurePosixPath(info.linkname)
        target = _target_path(reader, folder, link, real) if info.islnk() else None
        try:
            if file.is_symlink() or (file.exists() and not (info.isdir() and file.is_dir())):
                file.unlink()
            extract_member(reader, info, file, target)
        except OSError as error:
            if error.errno not in MEMBER_ERRORS:
                raise
            problem = f"{info.name[:200]!r}, which can't be extracted: {error.strerror}"
            raise reader.refusal(problem) from error


def _stays(path: PurePosixPath, link: PurePosixPath) -> bool:
    """Whether the target of a link at ``path`` is inside for certain, even via other links.

    True if all ``..`` come first and lead no higher than the top.
    """
    up = sum(part == ".." for part in link.parts)
    return not link.is_absolute() and link.parts[:up] == ("..",) * up and up < len(path.parts)


def _target_path(reader: TarReader, folder: Path, path: PurePosixPath, real: set[Path]) -> Path:
    """``path`` below ``folder``; creates its parent folders, which must not be links."""
    if path.is_absolute() or ".." in path.parts:
        raise reader.refusal(f"the member {str(path)!r}, which leaves its folder")
    _make_folders(reader, (folder / path).parent, real)
    return folder / path


def _make_folders(reader: TarReader, folder: Path, real: set[Path]) -> None:
    """Create ``folder`` and its parents; ``real`` are folders known not to be links."""
    if folder in real:
        return
    _make_folders(reader, folder.parent, real)
    if folder.is_symlink():
        raise reader.refusal(f"files below {folder.name!r}, which is a link")
    folder.mkdir(exist_ok=True)
    real.add(folder)
