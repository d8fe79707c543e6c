"""Broken images, and images of another format or size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from picture_samples import BMP, GIF, WEBP, gray_png

from packager.data.checks.files import broken_image, mixed_images
from packager.data.checks.table import table_of

PNG = [gray_png(np.full((6, 6), level)) for level in range(40)]


def table(*odd):
    return table_of(pd.DataFrame({"x": pd.Series([*PNG, *odd], dtype=object)}))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no image"),
        (b"<html>", "no image"),
        (PNG[0][:-4], "cut off"),
        (PNG[0][:50], "cut off"),
        (PNG[0][:44] + b"?" + PNG[0][45:], "damaged (checksum of IDAT)"),
        (GIF, "cut off"),
        (b"\xff\xd8\xff\xc0\0\x0b\x08\0\x11\0\x0d\x01\x01\x11\0", "cut off"),
        (WEBP["VP8L"][:4] + b"\xff\xff\0\0" + WEBP["VP8L"][8:], "cut off"),
        (BMP[:2] + b"\xff\xff\0\0" + BMP[6:], "cut off"),
    ],
)
def test_a_broken_image(data, fault):
    (found,) = broken_image(table(data, None))
    assert found.rows.tolist() == [40]
    assert found.observed[0].startswith(fault)


def test_whole_images_are_not_broken():
    assert list(broken_image(table(GIF + b";", BMP + bytes(60)))) == []


def test_bytes_that_are_no_images_are_not_judged():
    frame = pd.DataFrame({"x": pd.Series([b"record", b"other"] * 9, dtype=object)})
    assert list(broken_image(table_of(frame))) == []


def test_another_format_and_size():
    by_format, by_size = mixed_images(table(GIF))
    assert (by_format.observed, by_size.observed) == (["GIF"], ["3 x 5 pixels"])
    assert by_size.expected == "6 x 6 pixels, as 97.6% of the images"
    assert list(mixed_images(table())) == []


def test_images_of_many_sizes_are_not_reported():
    sizes = [gray_png(np.zeros((n, n))) for n in range(2, 30)]
    assert list(mixed_images(table(*sizes))) == []
