"""Images of any format and size as 8 x 8 means of their brightness, by which they are compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.derived.images import header
from monitoring.derived.jpeg import jpeg_pixels
from monitoring.derived.jpeg_scan import ScanLimits
from monitoring.derived.png import png_pixels

Floats = npt.NDArray[np.float64]

SIDE = 8
"""Means beside and above each other."""
POINTS = SIDE * SIDE


class PixelLimits(NamedTuple):
    """Limits of what is decoded of an image."""

    pixels: int
    """Of PNG, in whole lines from the top."""
    scan: ScanLimits
    """Of JPEG."""


USUAL = PixelLimits(1 << 16, ScanLimits(codes=30_000, bytes=1 << 16))
"""Some ten milliseconds: all of 256 x 256 pixels of PNG, of about 30 kB of JPEG."""


class ImageLight(NamedTuple):
    """The brightness of an image, from 0 to 1."""

    mean: float
    spread: float
    """The standard deviation of its pixels."""
    points: Floats
    """The means of ``SIDE`` x ``SIDE`` parts, row by row."""
    whole: bool
    """Whether all of it was read; else lines from the top."""


def light_of(data: bytes, limits: PixelLimits = USUAL) -> ImageLight | None:
    """None for what is no PNG or JPEG that can be decoded, and for one whose width is too large."""
    pixels = png_pixels(data, limits.pixels)
    if pixels is None:
        pixels = jpeg_pixels(data, limits.scan)
    about = header(data)
    if pixels is None or about is None:
        return None
    points = thumbnail(pixels)
    whole = len(pixels) >= about.height
    return ImageLight(float(pixels.mean()), float(pixels.std()), points, whole)


def thumbnail(pixels: Floats) -> Floats:
    """The means of ``SIDE`` x ``SIDE`` equal parts of (height, width) pixels: shape (POINTS,)."""
    down, across = map(_shares, pixels.shape)
    means: Floats = (down @ pixels @ across.T).ravel()
    return means


def _shares(size: int) -> Floats:
    """The share of each of ``size`` pixels in each of ``SIDE`` parts: shape (SIDE, size)."""
    parts, pixels = np.arange(SIDE)[:, np.newaxis] * size / SIDE, np.arange(size)
    covered = np.minimum(parts + size / SIDE, pixels + 1) - np.maximum(parts, pixels)
    shares: Floats = np.maximum(covered, 0) * SIDE / size
    return shares
