"""Columns of bytes: images or not, and what can be measured of each format."""

from __future__ import annotations

import numpy as np
import pandas as pd
from picture_samples import GIF, JPEG, gray_png

from monitoring.derived.files import BytesCells
from monitoring.stats.binning import build_profile

PNG = [gray_png(np.full((3, 3), level)) for level in range(0, 200, 10)]


def test_a_column_holds_images_if_nearly_all_are() -> None:
    assert BytesCells([*PNG, None]).are_images
    assert BytesCells([*PNG, b"x"]).are_images
    assert not BytesCells([PNG[0], b"x", b"y"]).are_images
    assert not BytesCells([None]).are_images


def test_brightness_is_watched_only_where_it_can_be_read() -> None:
    for images, watched in ((PNG, True), ([JPEG + bytes(n) for n in range(20)], False)):
        frame = pd.DataFrame({"x": pd.Series(images, dtype=object)})
        found = {feature.name for feature in build_profile(frame, [("x", "bytes")]).features}
        assert {"x.bytes", "x.format", "x.width", "x.height"} <= found
        assert ("x.brightness" in found) == watched


def test_other_bytes_have_a_size_only() -> None:
    frame = pd.DataFrame({"x": pd.Series([b"x" * n for n in range(20)], dtype=object)})
    found = build_profile(frame, [("x", "bytes")]).features
    assert [feature.name for feature in found] == ["x.bytes"]


def test_a_format_of_each() -> None:
    assert BytesCells([GIF, PNG[0], b"", None]).measured("format") == ["GIF", "PNG", "none", None]
