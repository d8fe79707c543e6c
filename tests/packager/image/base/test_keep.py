from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny_bases import ENV, tiny_layers

from packager.cache import cache_directory
from packager.environment.platform import default_platform
from packager.image.base.keep import PACKAGES, content_folder, keep_base, kept_base
from packager.image.base.saved import BaseImage
from packager.image.layers import Entry, Layer, plain_layer

STATUS = b"""Package: libgl1
Status: install ok installed
Version: 1.6.0-1

Package: removed
Status: deinstall ok config-files
Version: 2

Package: adduser
Description: x
 Package: no
Status: install ok installed
Version: 3.134
"""


def kept(folder: Path, *more: Entry) -> BaseImage:
    """A base of the tiny layers and one more, without an engine."""
    layers: list[Layer] = [*tiny_layers(folder / "made")]
    if more:
        layers.append(plain_layer("more", folder / "more.tar", more))
    config = {"rootfs": {"diff_ids": [layer.diff_id for layer in layers]}, "config": {"Env": ENV}}
    new = content_folder(config, default_platform())
    (new / "layers").mkdir(parents=True)
    for layer in layers:
        shutil.copy(layer.path, new / "layers" / f"{layer.diff_id[7:]}.tar")
    keep_base(new, "a.b/python:3", default_platform(), config, None)
    found = kept_base(new, "other:3", None)
    assert found is not None
    return found


@pytest.mark.usefixtures("cache")
def test_a_base_is_kept_by_its_content_under_any_name(tmp_path: Path):
    found = kept(tmp_path)
    assert found.saved.reference == "other:3"
    assert found.saved.packages == ()
    assert [len(list(layer.read())) for layer in found.layers] == [1, 1, 1]
    assert kept_base(tmp_path / "none", "x", None) is None
    settings = {"rootfs": {"diff_ids": []}, "config": {"Env": ["A=1"]}}
    other = {**settings, "config": {"Env": ["A=2"]}}
    assert content_folder(settings, "linux/amd64") != content_folder(other, "linux/amd64")
    assert content_folder(settings, "linux/amd64") != content_folder(settings, "linux/arm64")
    assert content_folder(settings, "linux/amd64").parent == cache_directory("bases")


@pytest.mark.usefixtures("cache")
def test_packages_of_debian_are_read_from_its_own_list(tmp_path: Path):
    found = kept(tmp_path, Entry("var/lib/dpkg/status", source=STATUS))
    assert found.saved.packages == ("adduser=3.134", "libgl1=1.6.0-1")


@pytest.mark.usefixtures("cache")
def test_the_list_of_a_base_made_here_comes_first(tmp_path: Path):
    own = Entry(PACKAGES, source=json.dumps(["python3=1"]).encode())
    found = kept(tmp_path, own, Entry("var/lib/dpkg/status", source=STATUS))
    assert found.saved.packages == ("python3=1",)
