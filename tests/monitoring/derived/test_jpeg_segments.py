"""Segments of a JPEG: what they say of sequential ones, and what is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from monitoring.derived.jpeg_segments import read_tables

SAMPLES = json.loads((Path(__file__).parent / "jpegs.json").read_text())
FILES = {name: base64.b64decode(one["jpeg"]) for name, one in SAMPLES.items()}


def test_tables_of_a_sequential_one() -> None:
    found = read_tables(FILES["color, 4:2:0"])
    assert found is not None
    tables, start, stop = found
    assert tables.size == (32, 32)
    assert [(one.wide, one.high) for one in tables.components.values()] == [(2, 2), (1, 1), (1, 1)]
    assert sorted(tables.huffman) == [0x00, 0x01, 0x10, 0x11]
    assert len(tables.quantization[0]) == 64
    assert stop - start == 10
    restarts = read_tables(FILES["restarts"])
    assert restarts is not None
    assert restarts[0].restart > 0


@pytest.mark.parametrize("name", ["progressive", "RGB", "CMYK"])
def test_other_kinds_have_none(name: str) -> None:
    assert read_tables(FILES[name]) is None
    assert read_tables(b"text") is None


def test_more_blocks_than_the_standard_has_are_refused() -> None:
    made = bytearray(FILES["color, 4:2:0"])
    frame = made.index(b"\xff\xc0")
    made[frame + 14] = 0xFF  # the sampling of the second component
    with pytest.raises(ValueError, match="expected 1 to 4 blocks, got 15 x 15"):
        read_tables(bytes(made))
