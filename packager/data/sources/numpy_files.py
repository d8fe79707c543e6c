"""Arrays in ``.npy`` and ``.npz`` files, mapped into memory; nothing in them is unpickled.

A header is checked against the file before any element is read: its dtype, its shape, and that the
file holds as many bytes as they need.
"""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from packager.data.memory_limit import check_room, refuse_too_wide
from packager.errors import UsageError

SUFFIXES = (".npy", ".npz")
MAX_RANK = 32
_LOCAL_HEADER = 30
"""Bytes of a member's header in a zip file, before its name."""
_UNITS = ("D", "s", "ms", "us", "ns")
"""Units of times that a column of a table may have."""

_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, RuntimeError, NotImplementedError),
)
Array = npt.NDArray[Any]


class NumpyArray(NamedTuple):
    """An array in a file, described by its header."""

    name: str
    """Of its column: the key in a ``.npz`` file, or the name of a ``.npy`` file."""
    location: str
    """The file, and the key in it, for messages."""
    file: Path
    member: zipfile.ZipInfo | None
    """The member of a ``.npz`` file."""
    offset: int
    """The offset of its elements: in the file, or in a compressed member when it is unpacked."""
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.dtype.itemsize * math.prod(self.shape[1:])

    def opened(self) -> Array:
        """The array: mapped, or unpacked if it is compressed; shape (rows, ...), read-only."""
        order: Any = "F" if self.fortran_order else "C"
        if not math.prod(self.shape):
            return np.zeros(self.shape, self.dtype)
        if self.member is None or self.member.compress_type == zipfile.ZIP_STORED:
            mapped = np.memmap(self.file, self.dtype, "r", self.offset, self.shape, order)
            return np.asarray(mapped)
        size = self.row_bytes * self.shape[0]
        check_room(self.location, "an array", size, f"{self.shape[0]:,} rows of it")
        flat = np.frombuffer(_unpacked(self, size), self.dtype)
        return flat.reshape(self.shape, order=order)


def stored_arrays(files: Sequence[Path]) -> list[NumpyArray]:
    """The arrays of all files, in order; ``UsageError`` for one that is no column of a table."""
    arrays: list[NumpyArray] = []
    for file in files:
        arrays += _archived(file) if file.suffix.lower() == ".npz" else [_single(file)]
    refuse_too_wide(files[0] if files else "", len(arrays))
    seen: dict[str, NumpyArray] = {}
    for one in arrays:
        other = seen.setdefault(one.name, one)
        if other is not one:
            raise UsageError(
                f"{one.location}: expected every column name once, got {one.name!r}, which "
                f"{other.location} has too",
                "rename one of them",
            )
        if one.shape[0] != arrays[0].shape[0]:
            raise UsageError(
                f"{one.location}: expected {arrays[0].shape[0]:,} rows, as in "
                f"{arrays[0].location}, got {one.shape[0]:,}",
                "give every array of the source the same number of rows",
            )
    return arrays


def _single(file: Path) -> NumpyArray:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            return _described(stream, size, file.stem, str(file), file)
    except OSError as error:
        raise UsageError(f"{file}: expected a .npy file, got {error}") from error


def _archived(file: Path) -> list[NumpyArray]:
    with _readable(file), zipfile.ZipFile(file) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        refuse_too_wide(file, len(members))
        arrays = [one for member in members for one in _member(archive, member, file)]
    if not arrays:
        raise UsageError(f"{file}: expected at least one array, got none")
    return arrays


@contextmanager
def _readable(location: object) -> Iterator[None]:
    """Convert the errors of a damaged archive, or of an unknown one, to a ``UsageError``."""
    try:
        yield
    except _DAMAGED as error:
        raise UsageError(
            f"{location}: expected a .npz file, got {error}", "save it again"
        ) from error


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> Iterator[NumpyArray]:
    name = member.filename
    path = f"{file}: array {PurePosixPath(name).stem!r}"
    if not name.endswith(".npy") or member.flag_bits & 1:
        got = "an encrypted one" if member.flag_bits & 1 else repr(name)
        raise UsageError(f"{file}: expected arrays that numpy.savez wrote, got {got}")
    with archive.open(member) as stream:
        array = _described(
            stream, member.file_size, name.removesuffix(".npy"), path, file
        )._replace(member=member)
    if member.compress_type != zipfile.ZIP_STORED:
        yield array
        return
    with file.open("rb") as plain:
        plain.seek(member.header_offset)
        local = plain.read(_LOCAL_HEADER)
        size = plain.seek(0, 2)
    lengths = int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
    start = member.header_offset + _LOCAL_HEADER + lengths
    if start + member.file_size > size:
        raise _truncated(path, member.file_size, size - start)
    yield array._replace(offset=start + array.offset)


def _described(stream: IO[bytes], size: int, name: str, location: str, file: Path) -> NumpyArray:
    """The array whose file of ``size`` bytes begins at the start of ``stream``."""
    formats = np.lib.format
    try:
        version = formats.read_magic(stream)
        if version == (1, 0):
            shape, fortran_order, dtype = formats.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran_order, dtype = formats.read_array_header_2_0(stream)
        else:
            raise ValueError(f"version {version}, which only arrays with named fields have")
    except (ValueError, TypeError, EOFError, RecursionError, MemoryError, SyntaxError) as error:
        text = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{location}: expected a .npy header, got {text}", "save it again"
        ) from error
    _check(location, dtype, shape)
    offset = stream.tell()
    needed = dtype.itemsize * math.prod(shape)
    if size - offset < needed:
        raise _truncated(location, needed, size - offset)
    return NumpyArray(name, location, file, None, offset, dtype, shape, fortran_order)


def _check(location: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    if dtype.hasobject:
        raise UsageError(
            f"{location}: expected numbers, booleans, times or text, got Python objects, which are "
            "never unpickled",
            "save an array of one dtype: numpy.save(file, array.astype(…), allow_pickle=False)",
        )
    plain = dtype.kind in "biuf" and dtype.itemsize <= 8
    column = dtype.kind == "U" or (dtype.kind == "M" and np.datetime_data(dtype)[0] in _UNITS)
    if not (plain or (column and len(shape) == 1)) or (
        dtype.kind == "M" and np.datetime_data(dtype)[1] != 1
    ):
        raise UsageError(
            f"{location}: expected numbers or booleans, or one dimension of text or times, got "
            f"{dtype} of shape {shape}",
            "convert it with astype, or save one array for each part",
        )
    if not shape:
        raise UsageError(
            f"{location}: expected a dimension of rows, got a single value", "save a list of values"
        )
    # A shape is a tuple of any Python integers, as a text in the header says.
    if len(shape) > MAX_RANK or any(type(n) is not int or n < 0 for n in shape):
        raise UsageError(
            f"{location}: expected at most {MAX_RANK} dimensions, got {str(shape)[:80]}"
        )
    if not all(shape[1:]):
        raise UsageError(f"{location}: expected at least one element a row, got the shape {shape}")


def _unpacked(array: NumpyArray, size: int) -> bytes:
    assert array.member is not None
    with (
        _readable(array.location),
        zipfile.ZipFile(array.file) as archive,
        archive.open(array.member) as stream,
    ):
        stream.read(array.offset)
        content = stream.read(size)
    if len(content) < size:
        raise _truncated(array.location, size, len(content))
    return content


def _truncated(location: str, needed: int, there: int) -> UsageError:
    return UsageError(
        f"{location}: expected {needed:,} bytes, as its header says, got {max(0, there):,}",
        "the file is cut off: copy or save it again",
    )
