from __future__ import annotations

import platform
import sys

import pytest
from packaging.tags import Tag, parse_tag, sys_tags

from packager.environment.platform import WheelTarget, default_platform, host_target

AMD = WheelTarget("3.11", "linux/amd64", (2, 36))
linux = pytest.mark.skipif(
    host_target() is None, reason="asks this machine's own tags: Linux with glibc only"
)


def of_this_family(tag: Tag) -> bool:
    return tag.platform.startswith(("manylinux", "linux", "any"))


@linux
def test_every_tag_that_pip_takes_here_is_known_in_its_order():
    target = host_target()
    taken = [tag for tag in sys_tags() if of_this_family(tag)]
    assert [tag for tag in taken if tag not in target.tags] == []
    many = [tag for tag in taken if not tag.platform.startswith("linux")]
    assert sorted(many, key=lambda tag: target.tags[tag]) == many


@linux
def test_this_machine_is_reported_as_it_is():
    target = host_target()
    assert target.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert target.platform == default_platform()
    assert target.machine == platform.machine()


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_no_target(monkeypatch, system: str):
    monkeypatch.setattr(sys, "platform", system)
    assert host_target() is None


def test_musl_is_no_target(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert host_target() is None


@pytest.mark.parametrize(
    ("machine", "expected"),
    [("x86_64", "linux/amd64"), ("AMD64", "linux/amd64"), ("arm64", "linux/arm64")],
)
def test_the_processor_decides_the_platform_on_every_system(monkeypatch, machine, expected):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert default_platform() == expected


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("cp311-cp311-manylinux_2_17_x86_64", True),
        ("cp311-cp311-manylinux2014_x86_64", True),
        ("cp311-cp311-manylinux1_x86_64", True),
        ("cp311-cp311-manylinux_2_36_x86_64", True),
        ("cp311-cp311-linux_x86_64", True),
        ("cp38-abi3-manylinux_2_28_x86_64", True),
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("cp311-none-any", True),
        ("cp311-cp311-manylinux_2_37_x86_64", False),
        ("cp312-cp312-manylinux_2_17_x86_64", False),
        ("cp312-abi3-manylinux_2_17_x86_64", False),
        ("cp311-cp311-manylinux_2_17_aarch64", False),
        ("cp311-cp311-musllinux_1_2_x86_64", False),
        ("cp311-cp311-win_amd64", False),
        ("py2-none-any", False),
    ],
)
def test_a_wheel_fits_by_its_tag(tag: str, fits: bool):
    assert any(one in AMD.tags for one in parse_tag(tag)) is fits


def rank(target: WheelTarget, tag: str) -> int:
    return min(target.tags[one] for one in parse_tag(tag))


def test_the_closest_build_is_preferred():
    order = [
        "cp311-cp311-manylinux_2_36_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-abi3-manylinux_2_17_x86_64",
        "cp39-abi3-manylinux_2_17_x86_64",
        "py3-none-any",
    ]
    assert sorted(order, key=lambda tag: rank(AMD, tag)) == order


def test_the_other_processor_has_its_own_names():
    arm = WheelTarget("3.12", "linux/arm64", (2, 28))
    assert arm.uv_platform == "aarch64-manylinux_2_28"
    assert rank(arm, "cp312-cp312-manylinux2014_aarch64") < rank(arm, "py3-none-any")


@pytest.mark.parametrize(
    ("glibc", "name"),
    [
        ((2, 36), "x86_64-manylinux_2_36"),
        ((2, 41), "x86_64-manylinux_2_40"),
        ((2, 30), "x86_64-manylinux_2_28"),
        ((2, 17), "x86_64-manylinux_2_17"),
        ((2, 12), "x86_64-manylinux_2_17"),
    ],
)
def test_uv_gets_a_platform_name_it_knows(glibc, name: str):
    assert WheelTarget("3.11", "linux/amd64", glibc).uv_platform == name
