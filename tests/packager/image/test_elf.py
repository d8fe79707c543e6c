"""What ELF files say about themselves."""

from __future__ import annotations

import io
import platform
import shutil

import pytest
from elf_samples import elf_header, make_shared

from packager.errors import PackageError
from packager.image.elf import elf_machine, read_elf


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    if shutil.which("gcc") is None:
        pytest.skip("no gcc to make libraries")
    return make_shared(tmp_path_factory.mktemp("elf"))


@pytest.mark.slow
def test_what_a_shared_object_needs_is_read_from_itself(shared):
    needs = ("liba.so.1", "libb.so.2")
    found = read_elf(io.BytesIO(shared("libb.so.2", "liba.so.1")))
    assert found is not None
    assert (found.machine, found.needed, found.search) == (platform.machine(), needs, ())
    found = read_elf(io.BytesIO(shared("liba.so.1", search="$ORIGIN/../a.libs:/usr/lib")))
    assert found is not None
    assert (found.needed, found.search) == (needs[:1], ("$ORIGIN/../a.libs", "/usr/lib"))


@pytest.mark.parametrize("content", [b"", b"/* GNU ld script */", b"\x7fEL"])
def test_what_is_no_elf_file_says_nothing(content: bytes):
    assert read_elf(io.BytesIO(content)) is None
    assert elf_machine(io.BytesIO(content)) == ""


@pytest.mark.parametrize(
    ("number", "name"), [(62, "x86_64"), (183, "aarch64"), (3, "i386"), (243, "EM_RISCV")]
)
def test_the_processor_is_named_as_wheels_name_it(number: int, name: str):
    assert elf_machine(io.BytesIO(elf_header(number))) == name


def test_a_damaged_file_is_an_error():
    with pytest.raises(PackageError, match="not a whole ELF file"):
        read_elf(io.BytesIO(elf_header(183)[:20]))
