"""A base: its name, and the facts that must be known about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from saved_bases import saved

from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.base import debian
from packager.image.base.base import known_base
from packager.image.base.native import BASE_FORMAT, CONTENT_FORMAT
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


LAYERS = ("sha256:" + "a" * 64,)
ENGINE = object.__new__(Engine)


@pytest.fixture
def keep(cache: Path):
    """Write a base of the content ``LAYERS`` to the cache, under the name of a folder."""

    def write(name: str, **changes) -> Path:
        folder = cache_directory("bases") / name
        folder.mkdir(parents=True)
        record = saved(diff_ids=LAYERS, sizes=(1,), version="3.11.99", **changes)
        (folder / "base.json").write_bytes(record.dump())
        return folder

    return write


@pytest.mark.parametrize("engine", [None, ENGINE])
def test_of_two_bases_with_the_same_layers_the_one_that_was_made_here_is_used(
    keep, monkeypatch: pytest.MonkeyPatch, engine: Engine | None
):
    """An engine's copy of a base of ``package base`` is in the cache beside it."""
    monkeypatch.setattr("packager.image.base.saved.LoaderCompiler", lambda *_: object())
    keep(f"content-{CONTENT_FORMAT}-a")
    keep(f"named-{BASE_FORMAT}-loaded")
    made = keep(f"named-{BASE_FORMAT}-made", origin="debian")
    found = known_base(LAYERS, "linux/amd64", engine)
    assert found is not None
    assert found.folder == made


def test_a_base_from_elsewhere_is_known_where_its_bytecode_can_be_compiled(keep):
    keep(f"content-{CONTENT_FORMAT}-a")
    assert known_base(LAYERS, "linux/amd64", ENGINE) is not None
    assert known_base(LAYERS, "linux/amd64", None) is None
    assert known_base(LAYERS, "linux/arm64", ENGINE) is None
    assert known_base((), "linux/amd64", ENGINE) is None


def test_a_base_of_an_earlier_format_in_the_cache_is_not_read(keep):
    folder = keep("named-1-old", origin="debian")
    (folder / "base.json").write_text('{"identity": "a"}')
    assert known_base(LAYERS, "linux/amd64", None) is None
