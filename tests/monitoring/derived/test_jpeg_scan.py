"""The scan of a JPEG is read within bounds, and by whole lines of units."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from monitoring.derived.jpeg import jpeg_pixels
from monitoring.derived.jpeg_scan import ScanLimits

SAMPLES = json.loads((Path(__file__).parent / "jpegs.json").read_text())
FILES = {name: base64.b64decode(one["jpeg"]) for name, one in SAMPLES.items()}
SCAN = b"\xff\xda"


def bomb(name: str, filling: bytes) -> bytes:
    """The header of a file, then a scan of other bytes, of 65,500 x 65,500 pixels."""
    original = FILES[name]
    start = original.index(SCAN)
    (length,) = struct.unpack_from(">H", original, start + 2)
    made = bytearray(original[: start + 2 + length])
    frame = made.index(b"\xff\xc0")
    made[frame + 5 : frame + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(made) + filling


@pytest.mark.parametrize("name", ["color, 4:4:4", "grey"])
@pytest.mark.parametrize("filling", [bytes(1 << 20), b"\x55" * (1 << 20)], ids=["zeros", "noise"])
def test_a_huge_image_has_no_whole_line_within_the_bounds(name: str, filling: bytes) -> None:
    assert jpeg_pixels(bomb(name, filling)) is None


@pytest.mark.parametrize("limits", [ScanLimits(100, 1 << 16), ScanLimits(10_000, 60)])
def test_lines_within_the_bounds_are_those_of_the_whole(limits: ScanLimits) -> None:
    whole, part = (
        jpeg_pixels(FILES["110 x 90"], one) for one in (ScanLimits(10_000, 9_000), limits)
    )
    assert whole is not None
    assert whole.shape == (90, 110)
    if part is not None:
        assert 0 < len(part) < 90
        # The last bit depends on how many blocks BLAS multiplies at once, on some processors.
        assert np.allclose(part, whole[: len(part)], rtol=0, atol=1e-6)


def test_restarts_are_read_like_one_piece() -> None:
    found = jpeg_pixels(FILES["restarts"])
    assert found is not None
    assert found.shape == (32, 48)
    original = FILES["restarts"]
    second = original.index(b"\xff\xd1")
    part = jpeg_pixels(original[:second])
    assert part is None or (part == found[: len(part)]).all()


def test_a_scan_of_more_components_than_the_image_is_refused() -> None:
    made = bytearray(FILES["grey"])
    made[made.index(SCAN) + 4] = 200
    assert jpeg_pixels(bytes(made)) is None
