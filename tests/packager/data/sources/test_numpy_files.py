"""Arrays in .npy and .npz files: what is read, and what is refused by name."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager.data.sources.numpy_files import stored_arrays
from packager.errors import UsageError


def npy(array: Any, **changes: Any) -> bytes:
    """A .npy file whose header says what ``changes`` do."""
    header = {
        "descr": array.dtype.str,
        "fortran_order": False,
        "shape": array.shape,
        **changes,
    }
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + array.tobytes()


def opened(file: Path) -> dict[str, Any]:
    return {one.name: one.opened() for one in stored_arrays([file])}


def test_arrays_of_both_files_are_mapped(tmp_path: Path) -> None:
    x, y = np.arange(24, dtype="f4").reshape(4, 3, 2), np.array(["a", "b", "a", "c"])
    np.savez(tmp_path / "all.npz", x=x, y=y)
    np.save(tmp_path / "x.npy", np.asfortranarray(x))
    found = opened(tmp_path / "all.npz")
    assert (found["x"] == x).all()
    assert found["y"].tolist() == y.tolist()
    for file in ("all.npz", "x.npy"):
        one = opened(tmp_path / file)["x"]
        assert (one == x).all()
        assert isinstance(one.base, np.memmap)
        assert not one.flags.writeable


def test_a_compressed_file_is_unpacked(tmp_path: Path) -> None:
    x = np.arange(6, dtype=">i8").reshape(3, 2)
    np.savez_compressed(tmp_path / "all.npz", x=x, none=np.zeros((3, 2), "?"))
    found = opened(tmp_path / "all.npz")
    assert (found["x"] == x).all()
    assert not found["none"].any()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected a .npy header"),
        (b"\x93NUMPY\x01\x00", "expected a .npy header"),
        (b"\x93NUMPY\x01\x00\xff\xff{'descr':", "expected a .npy header"),
        (npy(np.zeros((2, 2)), shape=(3, 2)), "expected 48 bytes, as its header says, got 32"),
        (npy(np.zeros((2, 2)), shape=(1 << 40, 1 << 40)), "bytes, as its header says, got 32"),
        (npy(np.zeros((2, 2)), shape=(-2, -2)), "dimensions, got (-2, -2)"),
        (npy(np.zeros((2, 2)), shape=(2, 0)), "expected at least one element a row"),
        (npy(np.zeros(())), "expected a dimension of rows, got a single value"),
        (npy(np.zeros((2, 2)), descr="|O"), "Python objects, which are never unpickled"),
        (npy(np.zeros((2, 2)), descr="<c16"), "got complex128 of shape (2, 2)"),
        (npy(np.zeros((2, 2)), descr="|S8"), "got |S8 of shape (2, 2)"),
        (npy(np.zeros((2, 2)), descr=[("a", "<f8")]), "of shape (2, 2)"),
        (npy(np.zeros(2, "M8[Y]")), "got datetime64[Y] of shape (2,)"),
        (npy(np.array([["a"], ["b"]])), "got <U1 of shape (2, 1)"),
    ],
)
def test_hostile_files_are_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "all.npz", "w") as archive:
        archive.writestr("x.npy", content)
    for name, place in (("x.npy", "x.npy"), ("all.npz", "all.npz: array 'x'")):
        with pytest.raises(UsageError) as caught:
            stored_arrays([tmp_path / name])
        assert said in caught.value.message
        assert f"{tmp_path}/{place}: " in caught.value.message


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([print, {}], object), allow_pickle=True)
    with pytest.raises(UsageError, match="never unpickled"):
        stored_arrays([tmp_path / "x.npy"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.npz: expected (a \.npz file|at least one array)"):
        stored_arrays([tmp_path / "x.npz"])


def test_another_member_and_a_truncated_one_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("../evil.txt", b"x")
    with pytest.raises(UsageError, match=r"expected arrays that numpy.savez wrote"):
        stored_arrays([tmp_path / "a.npz"])
    np.savez_compressed(tmp_path / "b.npz", x=np.zeros((50, 50)))
    whole = (tmp_path / "b.npz").read_bytes()
    at = whole.index(b"x.npy") + 40
    (tmp_path / "b.npz").write_bytes(whole[:at] + bytes(20) + whole[at + 20 :])
    with pytest.raises(UsageError, match=r"b\.npz"):
        opened(tmp_path / "b.npz")


def test_rows_and_names_are_compared(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 2)), y=np.zeros(3))
    with pytest.raises(UsageError, match=r"'y': expected 2 rows, as in .*'x', got 3"):
        stored_arrays([tmp_path / "a.npz"])
    np.save(tmp_path / "x.npy", np.zeros((2, 2)))
    np.savez(tmp_path / "b.npz", x=np.zeros((2, 2)))
    with pytest.raises(UsageError, match=r"got 'x', which .* has too"):
        stored_arrays([tmp_path / "b.npz", tmp_path / "x.npy"])
