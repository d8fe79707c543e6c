"""Numbers and categories derived from bytes: size, and format, size and light of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.derived.images import ImageHeader, header
from monitoring.derived.jpeg import light
from monitoring.derived.png import brightness

Floats = npt.NDArray[np.float64]

MIN_IMAGE_SHARE = 0.9
"""From this share of readable headers on, a column holds images."""
NO_IMAGE = "none"


class BytesCells:
    """Bytes of one column; None for null."""

    kind: Literal["bytes"] = "bytes"

    def __init__(self, values: Sequence[bytes | None]) -> None:
        self._values = values

    def measured(self, measure: str, _learned: str = "") -> Floats | list[str | None]:
        """The number or category of each; NaN for null, and where it can't be read."""
        if measure == "format":
            return [
                None if value is None else found.format if found else NO_IMAGE
                for value, found in zip(self._values, self._headers, strict=True)
            ]
        if measure == "bytes":
            return self._numbers(len)
        if measure in ("brightness", "contrast"):
            return self._light[:, 0 if measure == "brightness" else 1]
        sizes = [np.nan if one is None else getattr(one, measure) for one in self._headers]
        return np.array(sizes, np.float64)

    @property
    def are_images(self) -> bool:
        """Whether nearly all of the bytes are images."""
        present = sum(value is not None for value in self._values)
        found = sum(one is not None for one in self._headers)
        return present > 0 and found >= MIN_IMAGE_SHARE * present

    @cached_property
    def _headers(self) -> list[ImageHeader | None]:
        return [None if value is None else header(value) for value in self._values]

    @cached_property
    def _light(self) -> Floats:
        """Mean and standard deviation of the brightness: shape (n, 2)."""
        found = np.full((len(self._values), 2), np.nan)
        for at, value in enumerate(self._values):
            if value is None:
                continue
            pixels = brightness(value)
            if pixels is not None:
                found[at] = pixels.mean(), pixels.std()
            elif (known := light(value)) is not None:
                found[at] = known
        return found

    def _numbers(self, measured: Callable[[bytes], float]) -> Floats:
        return np.array([np.nan if v is None else measured(v) for v in self._values], np.float64)
