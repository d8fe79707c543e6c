from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest
from elf_samples import SITE, make_shared, wheel

from packager.image import layer_contents
from packager.image.layer_contents import contents, joined_contents
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to make libraries"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    return make_shared(tmp_path_factory.mktemp("elf"))


def test_bytecode_and_folders_are_no_names(tmp_path: Path):
    entries = [Entry(f"{SITE}/a.py", b""), Entry(f"{SITE}/__pycache__/a.cpython-311.pyc", b"")]
    found = contents(plain_layer("wheels", tmp_path / "w.tar", entries))
    assert found.names == (f"{SITE}/a.py",)


def test_what_was_read_is_kept_beside_the_layer(shared, tmp_path: Path, monkeypatch):
    entries = wheel("shop", {"shop.so": shared("libGL.so.1")})
    layer = plain_layer("wheels", tmp_path / "w.tar", entries)
    first = contents(layer)
    monkeypatch.setattr(layer_contents, "read_elf", lambda _: pytest.fail("read again"))
    assert contents(layer) == first
    assert [loads.needed for loads in first.loads] == [("libGL.so.1",)]
    assert [loads.machine for loads in first.loads] == [platform.machine()]


def test_contents_of_a_joined_layer_are_those_of_its_parts(shared, tmp_path: Path):
    parts = [
        plain_layer(name, tmp_path / f"{name}.tar", wheel(name, {f"{name}.so": shared(needed)}))
        for name, needed in (("shop", "libGL.so.1"), ("bank", "libX11.so.6"))
    ]
    members = copy_members(parts)
    joined = joined_contents(plain_layer("wheels", tmp_path / "joined.tar", members), parts)
    assert joined == contents(plain_layer("wheels", tmp_path / "read.tar", members))
    assert [one.wheel for one in joined.loads] == ["bank 1.0", "shop 1.0"]


def test_what_was_kept_of_another_layer_is_not_taken(shared, tmp_path: Path):
    path = tmp_path / "w.tar"
    contents(plain_layer("wheels", path, wheel("shop", {"shop.so": shared("libGL.so.1")})))
    now: Layer = plain_layer("wheels", path, wheel("shop", {"shop.so": shared()}))
    assert [one.needed for one in contents(now).loads] == [()]
