from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from packager.digest import sha256_file
from packager.errors import PackageError, UsageError
from packager.image.base import debian
from packager.image.base.base import restore_base
from packager.image.base.dpkg_status import STATUS_FOLDER, SUMS
from packager.image.base.keep import PACKAGES
from packager.image.base.saved import BaseImage
from packager.image.bytecode import LoaderCompiler
from packager.image.export import write_archive
from packager.progress import NullProgress

ADDED = ["libusb-1.0-0"]
LOADED = "ssl, sqlite3, decimal, curses, ctypes, lzma, bz2, zoneinfo, uuid, dbm, unittest.mock"


@pytest.fixture
def on_bookworm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "_this_suite", lambda: "bookworm")


def test_a_base_is_named_by_what_was_added_whatever_the_order(on_bookworm):
    assert debian.base_name() == "package-base:bookworm-python3.11"
    one = debian.base_name(["libstdc++6", "libgl1", "libgl1"])
    assert one == "package-base:bookworm-python3.11-libgl1-libstdc__6"
    many = debian.base_name([f"package-{number}" for number in range(50)])
    assert len(many.partition(":")[2]) <= 128


def test_a_release_has_its_python(on_bookworm):
    assert debian.base_name(release="trixie") == "package-base:trixie-python3.13"
    assert debian.base_name(["libgl1"], "noble") == "package-base:noble-python3.12-libgl1"


def test_an_unknown_release_is_refused_with_those_that_are_known(on_bookworm):
    with pytest.raises(UsageError) as caught:
        debian.make_base(None, NullProgress(), release="buster")
    assert caught.value.message == (
        "--release: expected one of bookworm, trixie, noble, got 'buster'"
    )
    assert "--release trixie" in caught.value.hint


@pytest.mark.parametrize("name", ["no such", "-o", "a,b", "Upper"])
def test_what_can_not_be_a_package_is_refused(on_bookworm, name: str):
    with pytest.raises(UsageError, match="--package: expected the name of a Debian package"):
        debian.make_base(None, NullProgress(), [name])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> BaseImage:
    """The real base with one more package, in a cache of these tests."""
    if shutil.which("mmdebstrap") is None or debian.base_name() is None:
        pytest.skip("no mmdebstrap here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("bases")))
        return debian.make_base(None, NullProgress(), ADDED)


@pytest.mark.long  # makes the base a second time
@pytest.mark.network
def test_a_base_is_made_alike_at_another_place_time_zone_and_umask(made, cache: Path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = os.umask(0o027)
    try:
        again = debian.make_base(None, NullProgress(), ADDED)
    finally:
        os.umask(before)
    assert again.saved == made.saved
    assert sha256_file(again.layers[0].path) == sha256_file(made.layers[0].path)


@pytest.mark.network
def test_a_base_names_its_packages_and_nothing_of_this_machine(made):
    assert made.saved.packages == tuple(sorted(made.saved.packages))
    assert made.locked.packages == made.saved.packages
    assert {entry.partition("=")[0] for entry in made.saved.packages} >= {"libc6", "libgomp1"}
    with tarfile.open(made.layers[0].path) as tar:
        names = set(tar.getnames())
        written = tar.extractfile(PACKAGES).read()
        assert all(member.mtime == 0 for member in tar)
    assert tuple(json.loads(written)) == made.saved.packages
    assert not names & {"etc/hostname", "etc/resolv.conf", "etc/machine-id", "bin/sh"}


@pytest.mark.network
def test_scanners_find_every_package_of_a_base_where_distroless_images_have_them(made):
    with tarfile.open(made.layers[0].path) as tar:
        inside = {name for name in tar.getnames() if name.startswith("var")}
        named = {
            name: tar.extractfile(name).read().decode()
            for name in inside
            if name.startswith(f"{STATUS_FOLDER}/")
        }
    parents = {"var", "var/lib", "var/lib/dpkg", STATUS_FOLDER}
    assert inside == named.keys() | parents
    entries = [text for name, text in named.items() if not name.endswith(SUMS)]
    fields = [dict(re.findall(r"^([\w-]+): (.*)$", text, re.M)) for text in entries]
    assert sorted(f"{one['Package']}={one['Version']}" for one in fields) == [*made.saved.packages]
    sources = {one["Package"]: one.get("Source") for one in fields}
    assert sources["libc6"] == "glibc"
    listed = named[f"{STATUS_FOLDER}/libusb-1.0-0{SUMS}"]
    assert "libusb-1.0.so.0" in listed


@pytest.mark.network
def test_a_base_is_small_and_still_loads_the_standard_library(made):
    assert made.layers[0].size < 52_000_000
    root = made.folder / "root"
    done = LoaderCompiler(root, made.saved.interpreter, "").output(f"import {LOADED}; print('ok')")
    assert done == "ok\n"


@pytest.mark.network
def test_a_saved_base_comes_back_as_it_was(made, cache: Path, tmp_path: Path):
    write_archive([made.image], tmp_path / "base.tar")
    back = restore_base(tmp_path / "base.tar", None)
    told = {"origin": "elsewhere", "said": back.saved.said}
    assert back.saved == made.saved.model_copy(update=told)
    assert back.saved.said == f"3.11 glibc 2.36 {made.saved.version} as read from its files"
    assert not (back.folder / "root").exists()
    assert back.folder != made.folder
    write_archive([back.image], tmp_path / "again.tar")
    assert sha256_file(tmp_path / "again.tar") == sha256_file(tmp_path / "base.tar")
    content = (tmp_path / "base.tar").read_bytes()
    (tmp_path / "bad.tar").write_bytes(content[:40_000] + b"!" + content[40_001:])
    with pytest.raises(PackageError, match=r"base layer .*: expected sha256:"):
        restore_base(tmp_path / "bad.tar", None)


@pytest.mark.network
def test_packages_can_be_added_and_unknown_ones_are_named(made, cache: Path):
    assert made.saved.reference == f"{debian.base_name()}-libusb-1.0-0"
    assert list((made.folder / "root").rglob("libusb-1.0.so.0"))
    debian.check_system_packages(["libusb-1.0-0", "libudev1"], made)
    with pytest.raises(UsageError, match=r"expected a package of .*, got 'no-such-library'"):
        debian.make_base(None, NullProgress(), ["no-such-library"])
