"""Cells for people: text, and pictures that are pictures."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from picture_samples import GIF, JPEG, gray_png

from monitoring.derived.images import header
from monitoring.derived.png import png_pixels
from packager.data.checks.cell_display import MAX_PICTURE_BYTES, MAX_SIDE, cell_text, picture

PNG = gray_png(np.arange(64).reshape(8, 8))


def decoded(address: str | None) -> bytes:
    assert address is not None
    return base64.b64decode(address.partition(",")[2])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.arange(12, dtype=np.uint8).reshape(3, 4), "3 x 4 uint8: 0, 1, 2, 3, 4, 5, 6, 7, …"),
        (np.array([True, False]), "2 bool: True, False"),
        (PNG, f"PNG, 8 x 8 pixels, {len(PNG)} bytes"),
        (b"", "0 bytes"),
        (b"<script>", "8 bytes: 3c 73 63 72 69 70 74 3e"),
        ([1, "a"], "[1, 'a']"),
        (None, None),
        (1.5, "1.5"),
        ("word " * 30, "word " * 30),
    ],
)
def test_cells_as_text(value, text):
    assert cell_text(value) == text


def test_images_are_shown_as_they_are():
    for data, kind in ((PNG, "png"), (JPEG, "jpeg"), (GIF, "gif")):
        address = picture(data)
        assert address.startswith(f"data:image/{kind};base64,")
        assert decoded(address) == data


@pytest.mark.parametrize(
    "value",
    [
        *(b"<svg onload=alert(1)>", b"", PNG + bytes(MAX_PICTURE_BYTES), "text", None, [1]),
        *(np.zeros(9), np.zeros((1, 5)), np.zeros((4, 4, 2)), np.zeros((0, 4))),
    ],
)
def test_other_cells_have_no_picture(value):
    assert picture(value) is None


def test_an_array_is_drawn_from_its_smallest_number_to_its_largest():
    data = decoded(picture(np.array([[1e308, -1e308], [0, np.nan]])))
    assert png_pixels(data, 100).round(2).tolist() == [[1, 0], [0.5, 0]]
    assert decoded(picture(np.full((2, 2), np.inf)))
    color = decoded(picture(np.array([[[255, 0, 0], [0, 0, 255]]] * 2, np.uint8)))
    assert png_pixels(color, 100).round(3).tolist() == [[0.299, 0.114]] * 2


def test_a_large_array_is_thinned():
    found = header(decoded(picture(np.zeros((1_000, 70), np.uint8))))
    assert found.height <= MAX_SIDE
    assert found.width <= MAX_SIDE
