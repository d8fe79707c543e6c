from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from elf_samples import SITE, make_shared, wheel

from packager.errors import PackageError
from packager.image import shared_libraries
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.layers import Entry, plain_layer
from packager.image.stack import Stack
from packager.progress import NullProgress

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to make libraries")


class RecordedProgress(NullProgress):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    return make_shared(tmp_path_factory.mktemp("elf"))


@pytest.fixture
def check(tmp_path: Path):
    """Hold wheels (serve, worker) against a base with some files and variables."""

    def run(
        serve: list[Entry],
        worker: list[Entry] | None = None,
        base: tuple[str, ...] = (),
        env: tuple[str, ...] = (),
    ) -> list[str]:
        made = plain_layer("base", tmp_path / "base.tar", [Entry(name, b"") for name in base])
        kept = tmp_path / "layers" / f"{made.diff_id[7:]}.tar"
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(made.path, kept)
        saved = SavedBase(
            reference="debian:python",
            platform="linux/amd64",
            diff_ids=(made.diff_id,),
            sizes=(made.size,),
            env=env,
            interpreter="/usr/bin/python3",
            python="3.11",
            glibc=(2, 36),
            version="3.11.2",
            said="3.11 glibc 2.36 3.11.2 (main) [GCC]",
            origin="debian",
        )
        found = BaseImage(saved, tmp_path, None)
        below = plain_layer("wheels", tmp_path / "serve.tar", serve)
        above = plain_layer("worker wheels", tmp_path / "worker.tar", worker or [])
        told = RecordedProgress()
        shared_libraries.check_libraries(
            found, Stack((*found.layers, below), (), (above,), (), "x"), told
        )
        return told.warnings

    return run


def test_a_missing_library_is_named_with_wheel_and_debian_package(check, shared):
    with pytest.raises(PackageError) as caught:
        check(wheel("opencv_python", {"cv2/cv2.abi3.so": shared("libGL.so.1")}))
    assert caught.value.message == (
        "base debian:python: wheel opencv-python 1.0 needs libGL.so.1 (Debian package libgl1)"
    )
    assert "`package base --package libgl1` and build with --base" in caught.value.hint


def test_all_absent_libraries_are_reported_at_once_known_or_not(check, shared):
    files = {"a/a.so": shared("libGL.so.1", "libSM.so.6"), "b.so": shared("libown.so.3")}
    with pytest.raises(PackageError) as caught:
        check(wheel("shop", files))
    for name in ("libGL.so.1", "libSM.so.6", "libown.so.3"):
        assert name in caught.value.message
    assert "package base --package libgl1 --package libsm6" in caught.value.hint
    assert "find the Debian package of libown.so.3 (apt-file search)" in caught.value.hint


@pytest.mark.parametrize(
    "place",
    [
        "lib",
        "usr/lib",
        "lib64",
        "lib/x86_64-linux-gnu",
        "usr/lib/aarch64-linux-gnu",
        "usr/local/lib",
    ],
)
def test_a_library_of_the_base_counts_where_loaders_look(check, shared, place: str):
    content = wheel("shop", {"shop.so": shared("libGL.so.1")})
    assert check(content, base=(f"{place}/libGL.so.1",)) == []


def test_a_library_elsewhere_in_the_base_counts_only_on_its_library_path(check, shared):
    content = wheel("shop", {"shop.so": shared("libGL.so.1")})
    with pytest.raises(PackageError):
        check(content, base=("srv/libGL.so.1",))
    check(content, base=("srv/libGL.so.1",), env=("LD_LIBRARY_PATH=/a:/srv",))


def test_a_library_that_a_wheel_vendors_counts(check, shared):
    files = {"shop/shop.so": shared("libown-1a2b.so.3"), "shop.libs/libown-1a2b.so.3": shared()}
    assert check(wheel("shop", files)) == []


def test_worker_wheels_lean_on_served_ones_but_not_the_other_way_round(check, shared):
    leans = wheel("leans", {"leans.so": shared("libown.so.3")})
    brings = wheel("brings", {"brings.libs/libown.so.3": shared()})
    assert check(brings, leans) == []
    with pytest.raises(PackageError, match=r"wheel leans 1\.0 needs libown\.so\.3"):
        check(leans, brings)


def test_a_driver_of_the_host_is_a_warning(check, shared):
    assert check(wheel("torch", {"torch/cuda.so": shared("libcuda.so.1")})) == [
        "torch 1.0: libcuda.so.1 is not in the image; parts that need it won't run"
    ]


def test_a_file_built_for_another_libc_is_passed_over(check, shared):
    files = {"shop/musl.so": shared("libc.musl-x86_64.so.1", "libown.so.3")}
    assert check(wheel("shop", files)) == []


def test_without_a_base_there_is_nothing_to_hold_against(shared, tmp_path: Path):
    layer = plain_layer("wheels", tmp_path / "w.tar", wheel("a", {"a.so": shared("libGL.so.1")}))
    shared_libraries.check_libraries(None, Stack((layer,), (), (), (), "x"), NullProgress())


def test_a_damaged_shared_object_is_named(check):
    with pytest.raises(PackageError) as caught:
        check(wheel("shop", {"shop/cut.so": b"\x7fELF\x02\x01\x01" + bytes(4)}))
    assert f"layer wheels: {SITE}/shop/cut.so: not a whole ELF file" in caught.value.message
