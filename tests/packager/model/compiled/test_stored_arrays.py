"""Arrays are written one after another and read without a copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from packager.errors import PackageError
from packager.model.compiled.stored_arrays import ArrayWriter, StoredArray, array_of, mapped


def test_arrays_come_back(tmp_path: Path) -> None:
    writer = ArrayWriter()
    arrays = [
        np.arange(3, dtype=np.uint8),
        np.arange(6, dtype=np.float64).reshape(2, 3),
        np.empty(0, np.int64),
        np.array([-1], np.int32),
    ]
    stored = [writer.add(array) for array in arrays]
    file = tmp_path / "arrays.bin"
    file.write_bytes(writer.content())
    for content in (writer.content(), mapped(file)):
        for place, array in zip(stored, arrays, strict=True):
            found = array_of(place, content)
            assert found.dtype == array.dtype
            assert np.array_equal(found, array)
    assert [place.offset % 64 for place in stored] == [0, 0, 0, 0]


def test_an_empty_file_has_no_arrays(tmp_path: Path) -> None:
    (tmp_path / "arrays.bin").touch()
    assert mapped(tmp_path / "arrays.bin") == b""


@pytest.mark.parametrize(("shape", "offset"), [((3,), 0), ((2,), 1), ((-1,), 0), ((1,), -8)])
def test_an_array_outside_the_file_is_refused(shape: tuple[int, ...], offset: int) -> None:
    with pytest.raises(PackageError, match="outside its file"):
        array_of(StoredArray(dtype="float64", shape=shape, offset=offset), bytes(16))
