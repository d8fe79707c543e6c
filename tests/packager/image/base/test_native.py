"""Which interpreter of this machine compiles bytecode for a base of another platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from saved_bases import saved

from packager.cache import cache_directory
from packager.environment.platform import default_platform
from packager.image.base.native import (
    BASE_FORMAT,
    CONTENT_FORMAT,
    cached_bases,
    native_compiler,
    with_native,
)
from packager.image.base.probe import HOST_VERSION
from packager.image.base.saved import BaseImage
from packager.image.bytecode import LOADERS, HostCompiler, LoaderCompiler

OTHER = "linux/amd64" if default_platform() == "linux/arm64" else "linux/arm64"


def write(name: str, **changes: object) -> Path:
    """Write a base's record to the cache; returns its folder."""
    folder = cache_directory("bases") / name
    folder.mkdir(parents=True)
    (folder / "base.json").write_bytes(saved(**changes).dump())
    return folder


@pytest.mark.usefixtures("cache")
def test_every_base_of_the_present_formats_is_listed():
    here = write(f"named-{BASE_FORMAT}-a")
    elsewhere = write(f"content-{CONTENT_FORMAT}-b")
    write(f"named-{BASE_FORMAT - 1}-old")
    assert [base.folder for base in cached_bases(None)] == [here, elsewhere]


@pytest.mark.usefixtures("cache")
def test_a_base_of_the_same_version_and_of_this_platform_compiles():
    assert native_compiler("3.11.99", None) is None
    write(f"named-{BASE_FORMAT}-other", version="3.11.99", origin="debian", platform=OTHER)
    write(f"named-{BASE_FORMAT}-older", version="3.11.98", origin="debian")
    assert native_compiler("3.11.99", None) is None
    same = write(f"named-{BASE_FORMAT}-same", version="3.11.99", origin="debian")
    loader = same / "root" / LOADERS[0].lstrip("/")
    loader.parent.mkdir(parents=True)
    loader.touch()
    assert isinstance(native_compiler("3.11.99", None), LoaderCompiler)


@pytest.mark.usefixtures("cache")
def test_the_python_of_this_program_compiles_for_its_own_version():
    assert isinstance(native_compiler(HOST_VERSION, None), HostCompiler)
    folder = write("x", version=HOST_VERSION, platform=OTHER)
    other = BaseImage(saved(version=HOST_VERSION, platform=OTHER), folder, None)
    assert not other.compiles_here
    assert with_native(other).compiles_here
    here = BaseImage(saved(version="3.11.99"), folder, None)
    assert with_native(here) is here
