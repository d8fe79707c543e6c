"""The error about another encoding names the byte, and the encoding that the file probably has."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.data.encoding_error import wrong_encoding
from packager.manifest.read_options import DEFAULT_OPTIONS


@pytest.mark.parametrize(
    ("content", "likely", "byte"),
    [
        ("größe".encode("cp1252"), "cp1252", "byte 0xf6 at offset 2"),
        ("a".encode("utf-16"), "utf-16", "byte 0xff at offset 0"),
    ],
)
def test_the_byte_and_what_it_probably_is(content: bytes, likely: str, byte: str) -> None:
    with pytest.raises(UnicodeDecodeError) as raised:
        content.decode("utf-8")
    error = wrong_encoding(Path("rows.csv"), DEFAULT_OPTIONS, raised.value)
    assert error.likely == likely
    assert error.message == f"rows.csv: expected UTF-8, got {byte}"
    assert error.hint is not None
    assert f'read = {{ encoding = "{likely}" }}' in error.hint


def test_an_error_without_bytes_is_told_as_it_is() -> None:
    error = wrong_encoding(Path("rows.csv"), DEFAULT_OPTIONS, UnicodeError("odd length"))
    assert error.message == "rows.csv: expected UTF-8, got odd length"
