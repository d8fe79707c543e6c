"""Numbers and categories derived from bytes: size, and format, size and light of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.derived.arrays import ArrayCells
from monitoring.derived.images import ImageHeader, header
from monitoring.derived.thumbnails import POINTS, ImageLight, light_of

Floats = npt.NDArray[np.float64]

MIN_IMAGE_SHARE = 0.9
"""From this share of readable headers on, a column holds images."""
NO_IMAGE = "none"


class BytesCells:
    """Bytes of one column; None for null."""

    kind: Literal["bytes"] = "bytes"

    def __init__(self, values: Sequence[bytes | None]) -> None:
        self._values = values

    def measured(self, measure: str, learned: str = "") -> Floats | list[str | None]:
        """The number or category of each; NaN for null, and where it can't be read.

        ``learned``: the centres, for ``nearest``.
        """
        if measure == "format":
            return [
                None if value is None else image_header.format if image_header else NO_IMAGE
                for value, image_header in zip(self._values, self._headers, strict=True)
            ]
        if measure == "bytes":
            return self._numbers(len)
        if measure in ("brightness", "contrast"):
            return self._light[:, 0 if measure == "brightness" else 1]
        if measure == "nearest":
            return self._points.measured(measure, learned)
        sizes = [np.nan if one is None else getattr(one, measure) for one in self._headers]
        return np.array(sizes, np.float64)

    @property
    def are_images(self) -> bool:
        """Whether nearly all of the bytes are images."""
        present = sum(value is not None for value in self._values)
        images = sum(one is not None for one in self._headers)
        return present > 0 and images >= MIN_IMAGE_SHARE * present

    @cached_property
    def _headers(self) -> list[ImageHeader | None]:
        return [None if value is None else header(value) for value in self._values]

    def learn_nearest(self) -> tuple[str, Floats] | None:
        """As of ``ArrayCells``; None if there is no image whose pixels can be read."""
        if all(one is None for one in self._pixels):
            return None
        return self._points.learn_nearest()

    @cached_property
    def _points(self) -> ArrayCells:
        """The thumbnail of each image, null where there is none."""
        absent = np.array([one is None for one in self._pixels], np.bool_)
        block = np.zeros((len(self._pixels), POINTS))
        block[~absent] = [one.points for one in self._pixels if one is not None] or block[~absent]
        return ArrayCells(block, absent)

    @cached_property
    def _light(self) -> Floats:
        """Mean and standard deviation of the brightness: shape (n, 2)."""
        nothing = (np.nan, np.nan)
        light = [nothing if one is None else (one.mean, one.spread) for one in self._pixels]
        return np.array(light, np.float64).reshape(-1, 2)

    @cached_property
    def _pixels(self) -> list[ImageLight | None]:
        return [None if value is None else light_of(value) for value in self._values]

    def _numbers(self, measured: Callable[[bytes], float]) -> Floats:
        return np.array([np.nan if v is None else measured(v) for v in self._values], np.float64)
