"""Columns of bytes: images or not, and what can be measured of each format."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from picture_samples import GIF, JPEG, gray_png

from monitoring.derived.files import BytesCells
from monitoring.stats.binning import build_profile

FILES = {
    name: base64.b64decode(one["jpeg"])
    for name, one in json.loads((Path(__file__).parent / "jpegs.json").read_text()).items()
}
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


def test_images_are_compared_by_means_of_their_pixels() -> None:
    light, dark = np.full((16, 16), 200), np.full((16, 16), 10)
    cells = BytesCells([gray_png(light)] * 60 + [None, b"x"] + [gray_png(dark)] * 60)
    learned, reference = cells.learn_nearest() or ("", np.empty(0))
    assert np.nanmax(reference) < 1e-6
    assert learned.startswith("64:")
    half = gray_png(np.vstack([light[:8], dark[:8]]))
    other_size = gray_png(np.full((3, 5), 200))
    found = BytesCells([half, other_size, b"x", None]).measured("nearest", learned)
    assert isinstance(found, np.ndarray)
    assert found[:2] == pytest.approx([np.sqrt(32) * 190 / 255, 0], abs=1e-6)
    assert np.isnan(found[2:]).all()
    assert BytesCells([b"x", None]).learn_nearest() is None


def test_jpegs_are_compared_with_any_other_image() -> None:
    grey, other = (FILES[name] for name in ("grey", "quality 10"))
    learned, reference = BytesCells([grey] * 40).learn_nearest() or ("", np.empty(0))
    assert np.nanmax(reference) < 1e-6
    found = BytesCells([grey, other, PNG[0]]).measured("nearest", learned)
    assert isinstance(found, np.ndarray)
    assert found[0] < 1e-6
    assert (found[1:] > 0.1).all()
