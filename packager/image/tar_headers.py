"""Tar headers that all readers understand alike: POSIX ustar, with extended headers.

Engines unpack a layer with another parser than the one that compares it with a manifest. Parsers
differ in global headers, GNU's long names, fields with spaces or zero bytes before their digits,
records given twice, and more. A layer that has such headers could be one image to us and another
one to an engine, so the members of a layer have to be those that the strict form states.
Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping
from typing import IO, NamedTuple

BLOCK = tarfile.BLOCKSIZE
MAGIC = b"ustar\x0000"
EXTENDED = b"x"
TYPES = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE)
MAX_EXTENDED = 64 * 1024
OCTAL = re.compile(rb"[0-7]+[ \0]*")
RECORD = re.compile(rb"([1-9]\d{0,5}) ([^=\0\n]+)=")
KEYS = frozenset(
    {"path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime", "atime", "ctime"}
)
NUMBERS = ("size", "uid", "gid")
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
SKIPPED = b"\x2a\x4d\x18"
"""First bytes of compressed files; of zstd also three bytes after any first one.

Engines look at them, whatever the media type says, and unpack what is in them: a tar could be both.
"""
ATTRIBUTES = ("SCHILY.", "LIBARCHIVE.", "RHT.")
"""Prefixes of the names of extended attributes; the reader of the members refuses them by name."""


class TarMember(NamedTuple):
    """A member as its headers state it."""

    kind: bytes
    name: str
    link: str
    mode: int
    owner: int
    group: int
    size: int
    """Bytes of its content."""
    content: int
    """Offset of its content."""

    @property
    def end(self) -> int:
        """Offset of the next member."""
        return self.content + self.size + -self.size % BLOCK

    def agrees(self, info: tarfile.TarInfo) -> bool:
        """Whether ``tarfile`` found the same."""
        return self == (
            *(info.type, info.name, info.linkname if info.issym() else "", info.mode),
            *(info.uid, info.gid, info.size, info.offset_data),
        )


def read_member(file: IO[bytes], index: int) -> TarMember:
    """The member whose first header is at ``index``; raises ``ValueError`` for another form."""
    records: Mapping[str, bytes] = {}
    header = _block(file, index)
    if header[156:157] == EXTENDED:
        size = _number(header[124:136])
        if not 0 < size <= MAX_EXTENDED:
            raise ValueError(f"an extended header of {size:,} bytes")
        records = _records(file.read(size))
        index += BLOCK + size + -size % BLOCK
        header = _block(file, index)
    kind = header[156:157]
    if kind not in TYPES:
        raise ValueError(f"a header of type {kind!r}")
    name = _text(header[345:500]) + b"/" if header[345] else b""
    name = records.get("path", name + _text(header[:100]))
    is_link, is_folder = kind == tarfile.SYMTYPE, kind == tarfile.DIRTYPE
    link = records.get("linkpath", _text(header[157:257])) if is_link else b""
    numbers = {key: int(records[key]) for key in NUMBERS if key in records}
    member = TarMember(
        kind,
        _decoded(name.rstrip(b"/") if is_folder else name),
        _decoded(link),
        _number(header[100:108]),
        numbers.get("uid", _number(header[108:116])),
        numbers.get("gid", _number(header[116:124])),
        numbers.get("size", _number(header[124:136])),
        index + BLOCK,
    )
    if not member.name or member.name.endswith("/") or (is_link and not link):
        raise ValueError(f"the name {member.name!r}, or a link without a target")
    if kind != tarfile.REGTYPE and member.size:
        raise ValueError(f"{member.name!r}: content of what is no file")
    return member


def is_end(file: IO[bytes], index: int) -> bool:
    """Whether the archive ends at ``index``: two blocks of zeros."""
    file.seek(index)
    return file.read(2 * BLOCK) == bytes(2 * BLOCK)


def _block(file: IO[bytes], index: int) -> bytes:
    file.seek(index)
    header = file.read(BLOCK)
    if len(header) < BLOCK or header[257:265] != MAGIC or any(header[500:]):
        raise ValueError(f"a header that is not POSIX ustar, at byte {index:,}")
    if index == 0 and (header.startswith(COMPRESSED) or header[1:4] == SKIPPED):
        raise ValueError("the first bytes of a compressed file")
    unsigned = sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")
    if _number(header[148:156]) != unsigned:
        raise ValueError(f"a header with a wrong checksum, at byte {index:,}")
    return header


def _records(content: bytes) -> Mapping[str, bytes]:
    records: dict[str, bytes] = {}
    index = 0
    while index < len(content):
        start = RECORD.match(content, index)
        end = index + int(start[1]) if start else 0
        if not start or not start.end() < end <= len(content) or content[end - 1 : end] != b"\n":
            raise ValueError("a record that has not the form of POSIX")
        key, value = start[2].decode("utf-8", "replace"), content[start.end() : end - 1]
        if key in records:
            raise ValueError(f"the record {key[:100]!r} twice")
        if key not in KEYS and not key.startswith(ATTRIBUTES):
            raise ValueError(f"the record {key[:100]!r}")
        if key in KEYS and (not value or b"\0" in value):
            raise ValueError(f"the record {key!r} without a plain value")
        if key in NUMBERS and not re.fullmatch(rb"\d{1,18}", value):
            raise ValueError(f"the record {key!r}, which is no number")
        records[key] = value
        index = end
    return records


def _number(field: bytes) -> int:
    """An octal number, or what is too large for one (base 256, as GNU and Go write it)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    if not OCTAL.fullmatch(field):
        raise ValueError(f"the number {field!r}")
    return int(field.rstrip(b" \0"), 8)


def _text(field: bytes) -> bytes:
    text, _, rest = field.partition(b"\0")
    if any(rest):
        raise ValueError(f"bytes after the end of {text[:100]!r}")
    return text


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
