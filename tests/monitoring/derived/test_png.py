"""Brightness of PNG: of lines from the top, bounded, and None for whatever is damaged."""

from __future__ import annotations

import struct

import pytest
from picture_samples import png

from monitoring.derived.png import png_pixels

MOST = 4_096


def test_palettes_and_bits() -> None:
    palette = bytes([0, 0, 0, 255, 255, 255])
    found = png_pixels(png([b"\0\xa0"], 3, color=3, depth=1, palette=palette), MOST)
    assert found is not None
    assert found[0].tolist() == pytest.approx([1, 0, 1])
    assert png_pixels(png([b"\0\xa0"], 3, color=3, depth=1), MOST) is None  # no palette
    deep = png_pixels(png([b"\0\xff\xff\x00\x00"], 2, depth=16), MOST)
    assert deep is not None
    assert deep.tolist() == [[1, 0]]


def test_a_large_image_is_decoded_from_the_top_only() -> None:
    lines = [b"\0" + bytes([value]) * 1_000 for value in (255, 255, 255, 255, *[0] * 996)]
    found = png_pixels(png(lines, 1_000), MOST)
    assert found is not None
    assert (found.shape, found.mean()) == ((4, 1_000), 1)
    assert png_pixels(png([b"\0" * (MOST + 2)], MOST + 1), MOST) is None  # too wide


def test_a_bomb_is_not_unpacked() -> None:
    data = png([b"\0" + bytes(10)] * 10, 10)
    bomb = data.replace(struct.pack(">II", 10, 10), struct.pack(">II", 2**31 - 1, 2**31 - 1))
    assert png_pixels(bomb, MOST) is None


def test_only_so_many_chunks_are_read() -> None:
    data = png([b"\0\1\2\3"], 3)
    empty = struct.pack(">I", 0) + b"tEXt" + bytes(4)
    assert png_pixels(data[:33] + empty * 900 + data[33:], MOST) is not None
    assert png_pixels(data[:33] + empty * 1_100 + data[33:], MOST) is None
