"""Brightness of PNG: right for every filter, bounded, and None for whatever is damaged."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_samples import png

from monitoring.derived.png import MAX_PIXELS, brightness


def filtered(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> bytes:
    """A line as the filter codes it (ISO/IEC 15948, 9.2)."""
    coded = bytearray([kind])
    for at, byte in enumerate(line.tolist()):
        left = int(line[at - step]) if at >= step else 0
        up = int(above[at])
        corner = int(above[at - step]) if at >= step else 0
        guess = left + up - corner
        paeth = min((left, up, corner), key=lambda one: abs(guess - one))
        coded.append((byte - (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
    return bytes(coded)


@given(
    st.sampled_from([(0, 1), (2, 3), (4, 2), (6, 4)]),
    st.lists(st.integers(0, 4), min_size=1, max_size=6),
    st.integers(1, 7),
    st.integers(0, 2**31),
)
def test_every_filter_gives_the_pixels(
    form: tuple[int, int], kinds: list[int], width: int, seed: int
) -> None:
    color, channels = form
    pixels = np.random.default_rng(seed).integers(0, 256, (len(kinds), width, channels))
    flat = pixels.reshape(len(kinds), -1)
    above = np.zeros_like(flat[0])
    lines = []
    for kind, line in zip(kinds, flat, strict=True):
        lines.append(filtered(kind, line, above, channels))
        above = line
    found = brightness(png(lines, width, color))
    wanted = pixels[..., :3] @ [0.299, 0.587, 0.114] if channels > 2 else pixels[..., 0]
    assert found is not None
    assert np.allclose(found, wanted.ravel() / 255)


def test_palettes_and_bits() -> None:
    palette = bytes([0, 0, 0, 255, 255, 255])
    found = brightness(png([b"\0\xa0"], 3, color=3, depth=1, palette=palette))
    assert found is not None
    assert found.tolist() == pytest.approx([1, 0, 1])
    assert brightness(png([b"\0\xa0"], 3, color=3, depth=1)) is None  # no palette
    deep = brightness(png([b"\0\xff\xff\x00\x00"], 2, depth=16))
    assert deep is not None
    assert deep.tolist() == [1, 0]


def test_a_large_image_is_decoded_from_the_top_only() -> None:
    lines = [b"\0" + bytes([value]) * 1_000 for value in (255, 255, 255, 255, *[0] * 996)]
    found = brightness(png(lines, 1_000))
    assert found is not None
    assert (len(found), found.mean()) == (4_000, 1)
    assert brightness(png([b"\0" * (MAX_PIXELS + 2)], MAX_PIXELS + 1)) is None  # too wide


def test_a_bomb_is_not_unpacked() -> None:
    data = png([b"\0" + bytes(10)] * 10, 10)
    bomb = data.replace(struct.pack(">II", 10, 10), struct.pack(">II", 2**31 - 1, 2**31 - 1))
    assert brightness(bomb) is None


def test_only_so_many_chunks_are_read() -> None:
    data = png([b"\0\1\2\3"], 3)
    empty = struct.pack(">I", 0) + b"tEXt" + bytes(4)
    assert brightness(data[:33] + empty * 900 + data[33:]) is not None
    assert brightness(data[:33] + empty * 1_100 + data[33:]) is None
