"""Pickles in archives: ZIP, as PyTorch and NumPy write them, and tar."""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from typing import Any, BinaryIO

from modelhost.pickles.compressed import limit_of
from modelhost.pickles.skops_schema import MAX_SCHEMA, SCHEMA

ZIP = b"PK\x03\x04"
HEAD = 512
"""First bytes of a file that tell its format: those of tar's first header."""
ARRAY = b"\x93NUMPY"
MAX_MEMBERS = 100_000
MAX_MEMBER = 2 << 30
"""Bytes of a member that are looked at."""
_STORAGE = re.compile(r"(^|/)(data|constants|weights)/(\d+|weight_\d+|tensor_\d+)$")
"""Members of PyTorch's archives that are the raw bytes of a tensor."""
_PICKLE_NAME = re.compile(
    r"\.(pkl|pickle|joblib|dill|cloudpickle)(\.(gz|bz2|xz|lzma|z|lz4|zst|zip|tar))*$"
)
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, OSError, EOFError, RuntimeError),
    *(NotImplementedError, ValueError, LookupError),
)


def is_archive(file: BinaryIO, head: bytes) -> bool:
    """Whether the file is an archive, also one of ZIP behind other bytes."""
    if head.startswith((ZIP, b"PK\x05\x06")) or is_tar(head):
        return True
    if head[:1] == b"\x80":
        return False  # a pickle; what follows it is read as well
    is_zip = zipfile.is_zipfile(file)
    file.seek(0)
    return is_zip


def is_tar(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a tar, also one of the form without a magic."""
    try:
        tarfile.TarInfo.frombuf(head[:HEAD], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def is_pickle_name(name: str) -> bool:
    """Whether a file of this name must be a pickle, whatever compresses it."""
    return _PICKLE_NAME.search(name.lower()) is not None


def audit_archive(audit: Any, file: BinaryIO, location: str, depth: int) -> None:
    """Audit the members of an archive."""
    start = file.read(HEAD)
    file.seek(0)
    try:
        if is_tar(start):
            _tar(audit, file, location, depth)
        else:
            _zip(audit, file, location, depth)
            if not start.startswith((ZIP, b"PK\x05\x06")):
                audit.report.refuse(location, "has other bytes before its ZIP archive")
    except _BROKEN as error:
        audit.report.refuse(location, f"is a damaged archive: {error}")


def _zip(audit: Any, file: BinaryIO, location: str, depth: int) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        names = [one.filename for one in members]
        if len(members) > MAX_MEMBERS:
            audit.report.refuse(location, f"holds more than {MAX_MEMBERS:,} members")
            return
        torch = any(name.endswith(("data.pkl", "constants.pkl")) for name in names)
        script = torch and any(name.endswith("constants.pkl") for name in names)
        for member in members:
            name = member.filename
            if name.endswith("/") or (torch and _is_storage(archive, member)):
                continue
            inner = f"{location}, {name}:"
            # PyTorch reads those of TorchScript itself, without Python.
            expected = is_pickle_name(name) and not script
            if member.file_size > min(MAX_MEMBER, limit_of(member.compress_size)):
                audit.report.refuse(inner, f"holds {member.file_size:,} bytes, too many to audit")
                continue
            if name == SCHEMA:
                _schema(audit, archive, member, inner, depth)
                continue
            with archive.open(member) as content:
                audit.content(
                    content, member.file_size, inner, expected=expected, depth=depth,
                    storages=torch, script=script,
                )  # fmt: skip


def _is_storage(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a member is the raw bytes of a tensor, and not an array that NumPy would load."""
    if not _STORAGE.search(member.filename):
        return False
    with archive.open(member) as content:
        return content.read(len(ARRAY)) != ARRAY


def _schema(
    audit: Any, archive: zipfile.ZipFile, member: zipfile.ZipInfo, location: str, depth: int
) -> None:
    if member.file_size > MAX_SCHEMA:
        audit.report.refuse(location, f"holds {member.file_size:,} bytes, too many to audit")
        return
    audit.schema(archive.read(member), location, depth)


def _tar(audit: Any, file: BinaryIO, location: str, depth: int) -> None:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for count, member in enumerate(archive):
            if count > MAX_MEMBERS:
                audit.report.refuse(location, f"holds more than {MAX_MEMBERS:,} members")
                return
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                name = member.name
                expected = is_pickle_name(name)
                inner = f"{location}, {name}:"
                audit.content(content, member.size, inner, expected=expected, depth=depth)
