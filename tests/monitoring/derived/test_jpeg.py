"""Brightness of JPEG: that of its pixels without a transform, bounded, None for damaged files.

``jpegs.json`` holds files that Pillow 12 wrote, with mean and standard deviation of the brightness
of the pixels that it decodes.
"""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.derived import jpeg
from monitoring.derived.jpeg import light

SAMPLES = json.loads((Path(__file__).parent / "jpegs.json").read_text())
FILES = {name: base64.b64decode(one["jpeg"]) for name, one in SAMPLES.items()}
READ = [name for name, one in SAMPLES.items() if one["light"] is not None]
SCAN = b"\xff\xda"


@pytest.mark.parametrize("name", READ)
def test_mean_and_spread_are_those_of_the_pixels(name: str) -> None:
    found = light(FILES[name])
    assert found is not None
    assert [found.mean, found.spread] == pytest.approx(SAMPLES[name]["light"], abs=0.01)
    assert sum(found.blocks) / len(found.blocks) == pytest.approx(found.mean)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in READ])
def test_other_kinds_are_not_read(name: str) -> None:
    assert light(FILES[name]) is None


def test_a_darker_image_is_darker() -> None:
    original = FILES["grey"]
    # The first coefficient of each block by twice its step: the brightness beside the middle.
    at = original.index(b"\xff\xdb") + 5
    doubled = original[:at] + bytes([2 * original[at]]) + original[at + 1 :]
    before, after = light(original), light(doubled)
    assert before is not None
    assert after is not None
    assert after.mean - 128 / 255 == pytest.approx(2 * (before.mean - 128 / 255))
    assert after.spread > before.spread


@given(st.sampled_from(READ), st.integers(0, 2_000))
def test_a_file_that_is_cut_off_raises_nothing(name: str, length: int) -> None:
    found = light(FILES[name][:length])
    assert found is None or all(0 <= one <= 1 for one in (*found[:2], *found.blocks))


@settings(max_examples=300)
@given(
    st.sampled_from(list(FILES)),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6),
)
def test_hostile_bytes_raise_nothing(name: str, changes: list[tuple[int, int]]) -> None:
    made = bytearray(FILES[name])
    for at, byte in changes:
        made[at % len(made)] = byte
    found = light(bytes(made))
    assert found is None or all(0 <= one <= 1 for one in (*found[:2], *found.blocks))


@given(st.binary(max_size=200))
def test_other_bytes_are_no_jpeg(data: bytes) -> None:
    assert light(data) is None
    assert light(b"\xff\xd8\xff\xe0" + data) is None


def test_noise_is_read_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    original = FILES["color, 4:4:4"]
    start = original.index(SCAN)
    (length,) = struct.unpack_from(">H", original, start + 2)
    bomb = original[: start + 2 + length] + bytes(1 << 20)
    read = []
    symbol = jpeg._Bits.symbol
    monkeypatch.setattr(
        jpeg._Bits, "symbol", lambda self, codes: read.append(1) or symbol(self, codes)
    )
    assert light(bomb) is not None
    assert len(read) <= jpeg.MAX_SYMBOLS + 1


def test_more_blocks_than_the_standard_has_are_refused() -> None:
    made = bytearray(FILES["color, 4:2:0"])
    frame = made.index(b"\xff\xc0")
    made[frame + 14] = 0xFF  # the sampling of the second component
    assert light(bytes(made)) is None
