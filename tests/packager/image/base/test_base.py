"""A base: its name, and the facts that must be known about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.base import debian
from packager.image.base.saved import BaseImage, SavedBase


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
