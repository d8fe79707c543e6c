"""Thumbnails: equal parts of any size, the same of PNG and JPEG, and how much was read."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_samples import GIF, gray_png

from monitoring.derived.jpeg import jpeg_pixels
from monitoring.derived.jpeg_scan import ScanLimits
from monitoring.derived.thumbnails import POINTS, USUAL, PixelLimits, light_of, thumbnail

SAMPLES = json.loads((Path(__file__).parent / "jpegs.json").read_text())
LARGE = base64.b64decode(SAMPLES["110 x 90"]["jpeg"])


@given(st.integers(1, 40), st.integers(1, 40))
def test_parts_are_equal(height: int, width: int) -> None:
    pixels = np.random.default_rng(height).random((height, width))
    found = thumbnail(pixels)
    assert found.shape == (POINTS,)
    assert found.mean() == pytest.approx(pixels.mean())
    twice = pixels.repeat(2, axis=0).repeat(3, axis=1)
    assert found == pytest.approx(thumbnail(twice))


def test_parts_are_in_their_places() -> None:
    pixels = np.zeros((16, 24))
    pixels[2:4, 21:] = 1
    assert np.flatnonzero(thumbnail(pixels)).tolist() == [15]


def test_an_image_is_alike_in_both_formats() -> None:
    pixels = jpeg_pixels(LARGE)
    assert pixels is not None
    png = light_of(gray_png(np.rint(pixels * 255)))
    jpeg = light_of(LARGE)
    assert png is not None
    assert jpeg is not None
    assert np.abs(png.points - jpeg.points).max() < 0.003
    assert [png.mean, png.spread] == pytest.approx([jpeg.mean, jpeg.spread], abs=0.003)


@pytest.mark.parametrize("data", [LARGE, gray_png(np.zeros((90, 110)))], ids=["JPEG", "PNG"])
def test_what_is_not_read_whole_says_so(data: bytes) -> None:
    few = PixelLimits(110 * 40, ScanLimits(codes=300, bytes=1 << 16))
    part, whole = light_of(data, few), light_of(data, USUAL)
    assert part is not None
    assert whole is not None
    assert (part.whole, whole.whole) == (False, True)


def test_other_formats_are_not_decoded() -> None:
    assert light_of(GIF) is None
    assert light_of(b"text") is None
