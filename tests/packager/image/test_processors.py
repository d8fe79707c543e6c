"""Shared objects for another processor are refused by the name of their wheel."""

from __future__ import annotations

from pathlib import Path

import pytest
from elf_samples import SITE, elf_header, wheel
from host_samples import LOCK

from packager.errors import PackageError
from packager.image.layers import Entry, plain_layer
from packager.image.processors import check_processors
from packager.image.stack import Stack
from packager.manifest.manifest import Lock, Wheel

AMD64, ARM64 = elf_header(62), elf_header(183)
EXTENSION = "shop.cpython-311-x86_64-linux-gnu.so"


def stack(tmp_path: Path, *entries: Entry) -> Stack:
    layer = plain_layer("wheels", tmp_path / "w.tar", entries)
    return Stack((layer,), (), (), (), "")


def lock(filename: str) -> Lock:
    name, version = filename.split("-")[:2]
    own = Wheel(name=name, version=version, filename=filename, sha256="0" * 64, groups=("model",))
    return LOCK.model_copy(update={"platform": "linux/arm64", "wheels": (own,)})


def test_an_amd64_wheel_slipped_into_arm64_is_refused_by_name(tmp_path: Path):
    found = stack(tmp_path, *wheel("shop", {EXTENSION: AMD64, "other.so": ARM64}))
    with pytest.raises(PackageError) as caught:
        check_processors(found, lock("shop-1.0-cp311-cp311-manylinux_2_28_aarch64.whl"), None)
    assert caught.value.message == (
        "shop 1.0: expected shared objects for aarch64, as linux/arm64 has, got "
        f"{EXTENSION} for x86_64"
    )
    assert "shop-1.0-cp311-cp311-manylinux_2_28_aarch64.whl is not what its name says" in (
        caught.value.hint
    )


def test_a_library_that_is_loaded_by_its_path_counts_as_well(tmp_path: Path):
    named = lock("shop-1.0-py3-none-manylinux_2_28_aarch64.whl")
    with pytest.raises(PackageError, match=r"got lib_shop\.so for x86_64"):
        check_processors(stack(tmp_path, *wheel("shop", {"lib_shop.so": AMD64})), named, None)


@pytest.mark.parametrize(
    ("files", "filename"),
    [
        ({"shop.so": ARM64}, "shop-1.0-py3-none-manylinux_2_28_aarch64.whl"),
        ({"a_x86.so": AMD64, "a_arm.so": ARM64}, "shop-1.0-py3-none-manylinux_2_28_aarch64.whl"),
        ({"attach_amd64.so": AMD64}, "shop-1.0-py3-none-any.whl"),
        ({"script.so": b"/* GNU ld script */"}, "shop-1.0-py3-none-any.whl"),
    ],
)
def test_wheels_with_files_for_several_processors_are_taken(
    tmp_path: Path, files: dict[str, bytes], filename: str
):
    check_processors(stack(tmp_path, *wheel("shop", files)), lock(filename), None)


def test_code_of_the_project_for_another_processor_is_refused(tmp_path: Path):
    found = stack(tmp_path, Entry("code/fast.so", source=AMD64))
    with pytest.raises(PackageError) as caught:
        check_processors(found, lock("shop-1.0-py3-none-any.whl"), None)
    assert "got fast.so for x86_64" in caught.value.message
    assert caught.value.hint == "bring a file for linux/arm64 as well, or leave linux/arm64 out"
    assert SITE
