"""Brightness of a JPEG (ISO/IEC 10918-1): sequential, of 8 bits, grey or in YCbCr."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from monitoring.derived.jpeg_scan import ScanLimits, light_of_scan
from monitoring.derived.jpeg_segments import read_tables

USUAL = ScanLimits(codes=30_000, bytes=1 << 16)
"""Some ten milliseconds: the whole of an image of about 30 kB."""


def jpeg_pixels(data: bytes, limits: ScanLimits = USUAL) -> npt.NDArray[np.float64] | None:
    """The brightness, 0 to 1, of the first lines, all if ``limits`` allow: shape (lines, width).

    None for what is no such JPEG, is damaged at its start, or has no whole line within ``limits``.
    """
    try:
        segments = read_tables(data)
        if segments is None:
            return None
        tables, *scan = segments
        pixels = light_of_scan(data, (scan[0], scan[1]), tables, limits)
    except (struct.error, IndexError, KeyError, ValueError, StopIteration):
        return None
    return None if pixels is None else pixels / 255
