"""Filters of PNG are undone for every mixture of them, line by line and along diagonals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.derived import png_filters
from monitoring.derived.png_filters import unfiltered


def filtered(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> bytes:
    """A line as the filter codes it (ISO/IEC 15948, 9.2)."""
    coded = bytearray([kind])
    for at, byte in enumerate(line.tolist()):
        left = int(line[at - step]) if at >= step else 0
        up = int(above[at])
        corner = int(above[at - step]) if at >= step else 0
        guess = left + up - corner
        paeth = min((left, up, corner), key=lambda one: abs(guess - one))
        coded.append((byte - (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
    return bytes(coded)


@pytest.mark.parametrize("seconds", [0.0, 1e6], ids=["diagonals", "lines"])
@given(
    st.integers(1, 4),
    st.lists(st.integers(0, 4), min_size=1, max_size=6),
    st.integers(1, 23),
    st.integers(0, 2**31),
)
def test_every_filter_gives_the_bytes(
    seconds: float, step: int, kinds: list[int], width: int, seed: int
) -> None:
    plain = np.random.default_rng(seed).integers(0, 256, (len(kinds), width), np.uint8)
    above = np.zeros_like(plain[0])
    lines = []
    for kind, line in zip(kinds, plain, strict=True):
        lines.append(filtered(kind, line, above, step))
        above = line
    coded = np.frombuffer(b"".join(lines), np.uint8).reshape(len(kinds), width + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png_filters, "_DIAGONAL_SECONDS", seconds)
        assert np.array_equal(unfiltered(coded, step), plain)


def test_an_unknown_filter_is_an_error() -> None:
    with pytest.raises(ValueError, match="filters from 0 to 4, got 5"):
        unfiltered(np.full((2, 3), 5, np.uint8), 1)
