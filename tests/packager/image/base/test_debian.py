from __future__ import annotations

import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from packager.digest import sha256_file
from packager.errors import PackageError, UsageError
from packager.image.base import debian
from packager.image.base.archive import HINT
from packager.image.base.base import PACKAGES, restore_base
from packager.image.base.packages import Deb, dependency_closure, versions
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.bytecode import LoaderCompiler
from packager.image.export import write_archive
from packager.image.layers import Entry, plain_layer
from packager.progress import Silent

LOADED = "ssl, sqlite3, decimal, curses, ctypes, lzma, bz2, zoneinfo, uuid, dbm, unittest.mock"


def deb(name: str, *depends: str, provides: tuple[str, ...] = ()) -> Deb:
    return Deb(name, "1.0", frozenset(depends), frozenset(provides), ())


def recorded(*packages: str) -> BaseImage:
    return BaseImage(
        SavedBase(
            reference="debian:python",
            platform="linux/amd64",
            diff_ids=(),
            sizes=(),
            env=(),
            interpreter="/usr/bin/python3",
            python="3.11",
            glibc=(2, 36),
            version="3.11.2",
            said="3.11 glibc 2.36 3.11.2 (main) [GCC]",
            origin="debian",
            packages=packages,
        ),
        Path("nowhere"),
        None,
    )


@pytest.fixture
def on_bookworm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "_this_suite", lambda: "bookworm")


def test_packages_are_reached_by_name_by_alternative_and_by_what_they_provide():
    found = [deb("a", "b", "virtual"), deb("b"), deb("c", provides=("virtual",)), deb("d", "a")]
    assert dependency_closure({one.name: one for one in found}, ["a"]) == {"a", "b", "c"}


def test_versions_are_sorted():
    assert versions([deb("b"), deb("a")]) == ("a=1.0", "b=1.0")


def test_a_base_is_named_by_what_was_added_whatever_the_order(on_bookworm):
    assert debian.base_name() == "package-base:bookworm-python3.11"
    one = debian.base_name(["libstdc++6", "libgl1", "libgl1"])
    assert one == "package-base:bookworm-python3.11-libgl1-libstdc__6"
    many = debian.base_name([f"package-{number}" for number in range(50)])
    assert len(many.partition(":")[2]) <= 128


@pytest.mark.parametrize("name", ["no such", "-o", "a,b", "Upper"])
def test_what_can_not_be_a_package_is_refused(on_bookworm, name: str):
    with pytest.raises(UsageError, match="--package: expected the name of a Debian package"):
        debian.make_base(None, Silent(), [name])


def test_a_base_must_record_every_system_package(on_bookworm):
    debian.check_system_packages([], None)
    base = recorded("libgl1=1.6.0-1", "libglib2.0-0t64=2.80.0-6")
    debian.check_system_packages(["libgl1", "libglib2.0-0"], base)
    with pytest.raises(PackageError) as caught:
        debian.check_system_packages(["libsm6", "libgl1"], base)
    assert caught.value.message == (
        "package.toml: `image.system_packages`: expected a base that records libsm6, "
        "got debian:python"
    )
    assert caught.value.hint == (
        "make one with `package base --package libgl1 --package libsm6` and build with "
        "--base package-base:bookworm-python3.11-libgl1-libsm6"
    )
    with pytest.raises(PackageError, match="got no base"):
        debian.check_system_packages(["libgl1"], None)


def test_a_file_that_is_no_archive_of_a_base_is_refused(cache: Path, tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        restore_base(tmp_path / "gone.tar", None)
    assert caught.value.message == f"{tmp_path}/gone.tar: no such file"
    (tmp_path / "text.tar").write_text("text\n" * 1000)
    plain_layer("other", tmp_path / "other.tar", [Entry("file", b"1")])
    manifest = json.dumps([{"Config": "c", "RepoTags": None, "Layers": []}]).encode()
    plain_layer("untagged", tmp_path / "untagged.tar", [Entry("manifest.json", manifest)])
    for name in ("text", "other", "untagged"):
        with pytest.raises(UsageError, match="expected the archive of one base, got") as caught:
            restore_base(tmp_path / f"{name}.tar", None)
        assert caught.value.hint == HINT
        assert "\n" not in caught.value.message


def test_a_package_or_a_base_for_another_machine_is_refused(cache: Path, tmp_path: Path):
    config = {"os": "linux", "architecture": "s390x", "config": {"Env": []}}
    labels = {"model-packager.root": "x"}
    for name, told in (("base", {}), ("package", labels)):
        written = json.dumps({**config, "config": {"Labels": told}}).encode()
        manifest = json.dumps([{"Config": "c", "RepoTags": ["a:1"], "Layers": []}]).encode()
        members = [Entry("manifest.json", manifest), Entry("c", written)]
        plain_layer(name, tmp_path / f"{name}.tar", members)
    with pytest.raises(PackageError, match="a base for linux/s390x can't be probed"):
        restore_base(tmp_path / "base.tar", None)
    with pytest.raises(UsageError, match="expected the archive of one base, got a package"):
        restore_base(tmp_path / "package.tar", None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> BaseImage:
    """The real base, in a cache of these tests."""
    if shutil.which("mmdebstrap") is None or debian.base_name() is None:
        pytest.skip("no mmdebstrap here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("bases")))
        return debian.make_base(None, Silent())


@pytest.mark.network
def test_a_base_is_made_alike_at_another_place_time_zone_and_umask(made, cache: Path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = os.umask(0o027)
    try:
        again = debian.make_base(None, Silent())
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
    assert not names & {"etc/hostname", "etc/resolv.conf", "etc/machine-id", "var", "bin/sh"}


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
    assert back.saved == made.saved.model_copy(update={"origin": "elsewhere"})
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
    base = debian.make_base(None, Silent(), ["libusb-1.0-0"])
    assert base.saved.reference == f"{made.saved.reference}-libusb-1.0-0"
    assert list((base.folder / "root").rglob("libusb-1.0.so.0"))
    debian.check_system_packages(["libusb-1.0-0", "libudev1"], base)
    with pytest.raises(UsageError, match=r"expected a package of .*, got 'no-such-library'"):
        debian.make_base(None, Silent(), ["no-such-library"])
