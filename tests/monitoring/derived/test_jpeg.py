"""Brightness of JPEG: that of its pixels, bounded, None for damaged files.

``jpegs.json`` holds files that Pillow 12 wrote, with mean and standard deviation of the brightness
of the pixels that it decodes.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.derived.jpeg import jpeg_pixels

SAMPLES = json.loads((Path(__file__).parent / "jpegs.json").read_text())
FILES = {name: base64.b64decode(one["jpeg"]) for name, one in SAMPLES.items()}
READ = [name for name, one in SAMPLES.items() if one["light"] is not None]


@pytest.mark.parametrize("name", READ)
def test_mean_and_spread_are_those_of_the_pixels(name: str) -> None:
    found = jpeg_pixels(FILES[name])
    assert found is not None
    assert [found.mean(), found.std()] == pytest.approx(SAMPLES[name]["light"], abs=0.001)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in READ])
def test_other_kinds_are_not_read(name: str) -> None:
    assert jpeg_pixels(FILES[name]) is None


def test_what_fills_the_last_blocks_is_no_pixel() -> None:
    found = jpeg_pixels(FILES["dark edge"])
    assert found is not None
    assert found.shape == (20, 18)
    assert found[:, 16:].max() < 0.1


def test_a_darker_image_is_darker() -> None:
    original = FILES["grey"]
    # The first coefficient of each block by twice its step: the brightness beside the middle.
    at = original.index(b"\xff\xdb") + 5
    doubled = original[:at] + bytes([2 * original[at]]) + original[at + 1 :]
    before, after = jpeg_pixels(original), jpeg_pixels(doubled)
    assert before is not None
    assert after is not None
    assert after.std() > before.std()


@given(st.sampled_from(READ), st.integers(0, 2_000))
def test_of_a_file_that_is_cut_off_the_first_lines_are_read(name: str, length: int) -> None:
    found, whole = jpeg_pixels(FILES[name][:length]), jpeg_pixels(FILES[name])
    assert whole is not None
    # The last bit depends on how many blocks BLAS multiplies at once, on some processors.
    assert found is None or np.allclose(found, whole[: len(found)], rtol=0, atol=1e-6)


@pytest.mark.slow
@settings(max_examples=many(300))
@given(
    st.sampled_from(list(FILES)),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6),
)
def test_hostile_bytes_raise_nothing(name: str, changes: list[tuple[int, int]]) -> None:
    made = bytearray(FILES[name])
    for at, byte in changes:
        made[at % len(made)] = byte
    found = jpeg_pixels(bytes(made))
    assert found is None or (found.size and found.min() >= 0 and found.max() <= 1)


@given(st.binary(max_size=200))
def test_other_bytes_are_no_jpeg(data: bytes) -> None:
    assert jpeg_pixels(data) is None
    assert jpeg_pixels(b"\xff\xd8\xff\xe0" + data) is None
