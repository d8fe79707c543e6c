"""Arrays of objects are known by what NumPy makes of their type, whatever it is called."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hostile_pickles import array_file

from modelhost.pickles.array_files import read_header
from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import NoModules
from modelhost.pickles.source import PickleStream, UnreadableError


def header(content: bytes) -> int | None:
    return read_header(PickleStream(io.BytesIO(content), len(content)))


@pytest.mark.parametrize(
    "descr", ["|O", "O", "object", "O8", [("a", "object")], [("a", [("b", "|O")])], ("|O", (2,))]
)
def test_every_name_of_the_type_of_objects(descr: Any) -> None:
    assert header(array_file(descr, b"")) is None


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3)),
        np.zeros((), "i2"),
        np.array(["text"]),
        np.zeros(4, [("Ozone", "f8"), ("O", "i4", (2,))]),
        np.zeros((0, 5)),
    ],
)
def test_other_arrays_have_as_many_bytes_as_numpy_writes(array: Any) -> None:
    file = io.BytesIO()
    np.save(file, array)
    assert header(file.getvalue()) == array.nbytes


@pytest.mark.parametrize(
    ("descr", "shape"),
    [("no type", (1,)), ([("a",)], (1,)), (7, (1,)), ("<f8", ("x",))],
)
def test_a_header_that_numpy_refuses(descr: Any, shape: Any) -> None:
    with pytest.raises(UnreadableError, match="has a header that NumPy refuses"):
        header(array_file(descr, b"", shape))


def test_a_header_without_an_end_or_of_many_bytes() -> None:
    with pytest.raises(UnreadableError, match="has a header of 4,294,967,295 bytes"):
        header(b"\x93NUMPY\x02\0" + b"\xff" * 4)
    with pytest.raises(UnreadableError):
        header(b"\x93NUMPY\x01\0\xff\xff{")


def test_honest_files_of_several_arrays_pass(tmp_path: Any) -> None:
    path = tmp_path / "arrays.npy"
    with path.open("wb") as file:
        np.save(file, np.arange(5.0))
        np.save(file, np.array(["a", None], dtype=object))
        np.save(file, np.zeros(3, [("Ozone", "f8")]))
    report = audit_model(path, Judge(NoModules()))
    assert (report.findings, report.pickles) == ([], 1)
    path.write_bytes(path.read_bytes()[:-4])  # cut off: NumPy refuses it
    assert audit_model(path, Judge(NoModules())).findings == []
