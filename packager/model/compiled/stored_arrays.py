"""Arrays of a compiled form in one file, which processes map into memory and share."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from packager.errors import PackageError
from packager.manifest.base import FrozenModel

_ALIGNMENT = 64


class StoredArray(FrozenModel):
    """An array's location in the file: row-major, little-endian."""

    dtype: Literal["float64", "int64", "int32", "uint8"]
    shape: tuple[int, ...]
    offset: int


class ArrayWriter:
    """Collects arrays; equal arrays in the same order give equal bytes."""

    def __init__(self) -> None:
        self._content = bytearray()

    def add(self, array: npt.NDArray[Any]) -> StoredArray:
        """Append ``array``, of a dtype of ``StoredArray``."""
        self._content += bytes(-len(self._content) % _ALIGNMENT)
        offset = len(self._content)
        self._content += np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        return StoredArray.model_validate(
            {"dtype": array.dtype.name, "shape": array.shape, "offset": offset}
        )

    def content(self) -> bytes:
        """The file."""
        return bytes(self._content)


def array_of(stored: StoredArray, content: bytes | mmap.mmap) -> npt.NDArray[Any]:
    """The array, without a copy; raise ``PackageError`` if the file is too short for it."""
    dtype = np.dtype(stored.dtype).newbyteorder("<")
    count = int(np.prod(stored.shape, dtype=np.int64))
    if min((*stored.shape, stored.offset, count)) < 0 or (
        stored.offset + count * dtype.itemsize > len(content)
    ):
        raise PackageError(
            "an array of the compiled model is outside its file",
            "the package is damaged: build it again",
        )
    flat = np.frombuffer(content, dtype, count, stored.offset) if count else np.empty(0, dtype)
    return flat.reshape(stored.shape)


def mapped(path: Path) -> bytes | mmap.mmap:
    """The content of a file, in memory that all processes share; raises ``OSError``."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
