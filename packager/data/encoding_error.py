"""The error about a text file in another encoding than the one it is read with."""

from __future__ import annotations

from pathlib import Path

from packager.data.csv_format_error import CsvFormatError
from packager.manifest.read_options import TableReadOptions, shown_options

BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class WrongEncodingError(CsvFormatError):
    """A byte that the encoding does not have."""

    def __init__(self, message: str, hint: str, rewrite: str, likely: str) -> None:
        super().__init__(message, hint, rewrite)
        self.likely = likely
        """The encoding that the file probably has."""


def wrong_encoding(path: Path, reader: TableReadOptions, error: UnicodeError) -> WrongEncodingError:
    """The error for ``path``: UTF-16 is known by its mark, else cp1252 is the most frequent."""
    got, wide = str(error), False
    if isinstance(error, UnicodeDecodeError):
        got = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        wide = error.object[:2] in BYTE_ORDER_MARKS
    likely = "utf-16" if wide else "cp1252"
    expected = reader.encoding.upper()
    return WrongEncodingError(
        f"{path}: expected {expected}, got {got}",
        f"set under [data] of package.toml: {shown_options(encoding=likely)} "
        "(or the encoding it has), or save the file as UTF-8",
        f"it is probably {likely}: save it as {expected}, which the data of the package have",
        likely,
    )
