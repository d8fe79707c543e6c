"""Headers of images: right, and None for whatever is damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_samples import BMP, GIF, JPEG, WEBP, png

from monitoring.derived.images import header
from monitoring.derived.thumbnails import light_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png([b"\0\1\2\3"] * 2, 3), ("PNG", 3, 2)),
        (JPEG, ("JPEG", 13, 17)),
        (GIF, ("GIF", 3, 5)),
        (BMP, ("BMP", 7, 9)),
        *((data, ("WebP", 20, 30)) for data in WEBP.values()),
    ],
)
def test_the_header_of_each_format(data: bytes, expected: tuple[str, int, int]) -> None:
    found = header(data)
    assert found is not None
    assert (found.format, found.width, found.height) == expected
    for stop in range(len(data)):  # cut anywhere: no exception
        header(data[:stop])


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff" + b"\xff" * 5000, b"BM", b"RIFF"])
def test_other_bytes_have_none(data: bytes) -> None:
    assert header(data) is None
    assert light_of(data) is None


@given(st.binary(max_size=200), st.sampled_from([JPEG[:4], GIF[:6], b"BM", b"\x89PNG\r\n\x1a\n"]))
def test_hostile_bytes_raise_nothing(data: bytes, start: bytes) -> None:
    header(start + data)
    light_of(start + data)
