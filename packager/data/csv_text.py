"""CSV files of any encoding and compression as one stream of UTF-8, and their header."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd

from packager.data.csv_format_error import CsvFormatError
from packager.data.encoding_error import wrong_encoding
from packager.data.memory_limit import check_room, fitting_memory, no_room, refuse_too_wide
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions, shown_options

COMPRESSED = (".gz", ".bz2", ".xz", ".zip", ".zst")
_SEPARATORS = (";", "\t", "|", ",")
_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
_COUNTED = 1_000  # lines whose lengths are measured
_PART = 1 << 20
_LOOK = 1 << 28
"""Interval, in bytes, of the checks that as many bytes again fit in memory."""
MAX_LINE_BYTES = 64 << 20
"""A compressed file of a few kilobytes may contain a line of any length."""
_LOOKED_AT = 20
"""Rows examined to detect another separator."""


def table_suffix(file: Path) -> str:
    """The suffix of the uncompressed file: ``.csv`` for ``rows.csv.gz``."""
    last = file.suffix.lower()
    return Path(file.stem).suffix.lower() if last in COMPRESSED else last


def separator_of(file: Path, reader: TableReadOptions) -> str:
    """The separator between the cells of ``file``."""
    return reader.separator or ("\t" if table_suffix(file) == ".tsv" else ",")


@dataclass(frozen=True)
class CsvHead:
    """The header of a CSV text.

    Its cells (``names``), its end in bytes of UTF-8 (``size``), and the number of cells of the
    first row (``width``), 0 if there is none.
    """

    names: list[str]
    size: int
    width: int


def read_head(file: Path, reader: TableReadOptions) -> CsvHead:
    """The header of ``file``; ``UsageError`` if there is none or another separator fits."""
    size = 0

    def measured(lines: Iterable[str]) -> Iterator[str]:
        nonlocal size
        for line in lines:
            size += len(line.encode())
            yield line

    separator = separator_of(file, reader)
    with readable(file, reader), _text(file, reader) as text:
        cells = csv.reader(measured(text), delimiter=separator, quotechar=reader.quote)
        filled = ((row, size) for row in cells if len(row) > 1 or any(c.strip() for c in row))
        for names, end in filled:
            refuse_too_wide(file, len(names))
            first, _ = next(filled, ([], 0))
            if len(names) == 1 and reader.separator is None:
                _refuse_other_separator(file, reader, separator)
            return CsvHead(names, end, len(first))
    raise UsageError(
        f"{file}: expected a header with column names, got an empty file",
        "check that the file was written completely",
    )


class _Chain(io.RawIOBase):
    """A raw stream over an iterator of bytes, which is consumed on demand."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__()
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def joined(files: Sequence[Path], reader: TableReadOptions) -> io.BufferedReader:
    """The concatenated UTF-8 of several CSV files, with only the first one's header."""
    return io.BufferedReader(_Chain(_rows_of(files, reader)))


def _rows_of(files: Sequence[Path], reader: TableReadOptions) -> Iterator[bytes]:
    for index, file in enumerate(files):
        passed = read_head(file, reader).size if index else 0
        if index:
            yield b"\n"  # the previous file may end without a newline; blank lines are skipped
        with readable(file, reader):
            yield from _from(_utf8(file, reader), passed)


def rows_within(files: Sequence[Path], reader: TableReadOptions, size: int) -> int:
    """Number of rows, by their first ``_COUNTED``, that have about ``size`` bytes; at least 1."""
    read = lines = 0
    with readable(files[0], reader), joined(files[:1], reader) as text:
        while lines < _COUNTED and read <= size and (line := text.readline()):
            read, lines = read + len(line), lines + 1
    return max(1, size * lines // max(1, read))


def with_room(parts: io.BufferedReader, path: Path) -> io.BufferedReader:
    """The same stream, for a table read as a whole; ``UsageError`` if it doesn't fit in memory.

    Checked while reading, because the size of a compressed file's content is unknown before.
    """

    def counted() -> Iterator[bytes]:
        size = 0
        for part in iter(lambda: parts.read(_PART), b""):
            size += len(part)
            if size % _LOOK < len(part):
                # The text itself, which pandas holds until the cells are parsed.
                check_room(path, "text", _LOOK, f"{size / 1e9:,.1f} GB so far, and more")
            yield part

    return io.BufferedReader(_Chain(counted()))


@contextmanager
def readable(path: Path, reader: TableReadOptions) -> Iterator[None]:
    """Convert errors of pandas and the system about an unreadable file to a ``UsageError``."""
    try:
        with fitting_memory(path):
            yield
    except UnicodeError as error:
        raise wrong_encoding(path, reader, error) from error
    except _PACKED as error:
        raise UsageError(
            f"{path}: expected a file compressed as its name (or [data.read] compression) says, "
            f"got {str(error).strip()}",
            "compress it again, or rename it if it isn't compressed",
        ) from error
    except pd.errors.ParserError as error:
        if "out of memory" in str(error):
            raise no_room(path) from error
        raise _wrong_cells(path, reader, error) from error
    except _UNREADABLE as error:
        raise _wrong_cells(path, reader, error) from error


def _wrong_cells(path: Path, reader: TableReadOptions, error: Exception) -> UsageError:
    separator = reader.separator or ","
    return UsageError(
        f"{path}: expected rows with {_NAMES.get(separator, repr(separator))} between cells, "
        f"got {str(error).strip()}",
        "check separators and quotes around that line; [data.read] names other ones",
    )


_PACKED = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
_UNREADABLE = (pd.errors.EmptyDataError, csv.Error, OSError)


def _refuse_other_separator(file: Path, reader: TableReadOptions, separator: str) -> None:
    """Raise ``UsageError`` if another separator splits the one-cell header into several cells."""
    for other in _SEPARATORS:
        if other == separator:
            continue
        with _text(file, reader) as text:
            rows = csv.reader(text, delimiter=other, quotechar=reader.quote)
            some = [row for row, _ in zip((r for r in rows if r), range(_LOOKED_AT), strict=False)]
        width = len(some[0])
        if width < 2 or not all(len(row) == width for row in some):
            continue
        options = {"separator": other}
        commas = any(_has_decimal_comma(cell) for row in some[1:] for cell in row)
        if commas:
            options["decimal"] = ","
        raise CsvFormatError(
            f"{file}: expected {_NAMES[separator]} between cells, got one column "
            f"{other.join(some[0])[:80]!r}: its separator seems to be {other!r}"
            + (", and its numbers have decimal commas" if commas else ""),
            f"set under [data] of package.toml: {shown_options(**options)}",
            f"write it with {_NAMES[separator]} between cells"
            f"{' and decimal points' if commas else ''}, as the data of the package are",
        )


def _has_decimal_comma(cell: str) -> bool:
    whole, comma, rest = cell.strip().lstrip("+-").partition(",")
    return bool(comma) and whole.replace(".", "").isdigit() and rest.isdigit()


@contextmanager
def _text(file: Path, reader: TableReadOptions) -> Iterator[io.TextIOWrapper]:
    raw = io.BufferedReader(_Chain(_utf8(file, reader)))
    with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
        yield text


def _utf8(file: Path, reader: TableReadOptions) -> Iterator[bytes]:
    """The content of ``file`` as chunks of UTF-8, without a byte order mark.

    Raises ``UsageError`` for a line longer than ``MAX_LINE_BYTES``.
    """
    line = 0
    for part in _decoded(file, reader):
        last = max(part.rfind(b"\n"), part.rfind(b"\r"))
        line = line + len(part) if last < 0 else len(part) - last - 1
        if line > MAX_LINE_BYTES:
            raise UsageError(
                f"{file}: expected lines of at most {MAX_LINE_BYTES:,} bytes, got a longer one",
                "check that it is a text file, and compressed as its name says",
            )
        yield part


def _decoded(file: Path, reader: TableReadOptions) -> Iterator[bytes]:
    with _opened(file, reader) as source:
        parts = iter(lambda: source.read(_PART), b"")
        if reader.encoding == "utf-8":
            first = next(parts, b"")
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from parts
            return
        decoder = codecs.getincrementaldecoder(reader.encoding)()
        for index, part in enumerate(parts):
            text = decoder.decode(part)
            yield (text.removeprefix("\ufeff") if index == 0 else text).encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")


def _from(parts: Iterator[bytes], passed: int) -> Iterator[bytes]:
    for part in parts:
        yield part[passed:]
        passed = max(0, passed - len(part))


def _opened(file: Path, reader: TableReadOptions) -> BinaryIO:
    kind = reader.compression or file.suffix.lower().removeprefix(".")
    openers: dict[str, Any] = {
        "gz": gzip.open,
        "bz2": bz2.open,
        "xz": lzma.open,
        "zip": _zipped,
        "zst": _zst,
    }
    return cast(BinaryIO, openers.get(kind, lambda path: path.open("rb"))(file))


def _zipped(file: Path) -> Any:
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise UsageError(
            f"{file}: expected an archive of one file, got {len(names)}",
            "unpack it, and name the folder or the file",
        )
    return archive.open(names[0])


def _zst(file: Path) -> Any:
    import pyarrow as pa

    stream: Any = pa.CompressedInputStream
    return stream(str(file), "zstd")
