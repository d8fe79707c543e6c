"""Made-up arrays, lists and pictures: requests may hold them."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import pytest

from packager.data.rows.coerce import make_converter
from packager.data.rows.synthetic_values import (
    RAMP_STEPS,
    filled,
    neutral,
    one_element,
    picture,
    ramp,
    zeros,
)
from packager.manifest.manifest import Column

ELEMENTS = ["bool", "uint8", "int64", "uint64", "float16", "float32", "float64"]


def array(element: str, low: float | None = None, high: float | None = None) -> Column:
    return Column(
        name="x", kind="array", dtype="object", nullable=False, shape=(4, 4), element=element,
        minimum=low, maximum=high,
    )  # fmt: skip


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("bounds", [(None, None), (3.0, 16.0), (0.0, 2.0**63)])
def test_arrays_are_what_a_request_may_hold_and_within_the_training_range(
    element: str, bounds: tuple[float | None, float | None]
) -> None:
    column = array(element, *bounds)
    for value in (zeros(column), *(ramp(column, step) for step in range(RAMP_STEPS))):
        if element == "float16" and bounds[1] == 2.0**63:
            continue  # a range that the dtype can't have
        found = make_converter(column)(value)
        assert found.shape == (4, 4)
        assert found.dtype == element
        if element != "bool" and bounds[1] == 16.0:
            assert 3 <= found.min() <= found.max() <= 16


def test_ramps_reach_both_ends_and_differ_by_step() -> None:
    column = array("uint8", 0.0, 15.0)
    ramps = [ramp(column, step) for step in range(RAMP_STEPS)]
    assert sorted(np.ravel(ramps[3]).tolist()) == list(range(16))
    assert len({str(one) for one in ramps}) == RAMP_STEPS


def test_extremes_fill_the_shape() -> None:
    assert filled(array("uint8"), 255) == [[255] * 4] * 4


def test_lists_and_neutral_values() -> None:
    tags = Column(name="x", kind="list", dtype="object", nullable=False, element="string")
    assert one_element(tags) == ["example"]
    assert neutral(tags) == []
    assert neutral(array("bool")) == [[False] * 4] * 4
    assert neutral(Column(name="x", kind="bytes", dtype="object", nullable=False)) == ""


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_a_picture_is_a_valid_png_of_its_size(colour: int, channels: int) -> None:
    raw = base64.b64decode(picture(3, 2, colour, 64))
    assert raw.startswith(b"\x89PNG\r\n\x1a\n")
    place, chunks = 8, {}
    while place < len(raw):
        (size,) = struct.unpack(">I", raw[place : place + 4])
        name, data = raw[place + 4 : place + 8], raw[place + 8 : place + 8 + size]
        (crc,) = struct.unpack(">I", raw[place + 8 + size : place + 12 + size])
        assert crc == zlib.crc32(name + data)
        chunks[name] = data
        place += 12 + size
    assert chunks[b"IHDR"][:10] == struct.pack(">IIBB", 3, 2, 8, colour)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 2 * (1 + 3 * channels)
