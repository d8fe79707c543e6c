from __future__ import annotations

from pathlib import Path

import pytest
from elf_samples import elf_header
from tiny_bases import ENV, GLIBC, tiny_layers

from packager.errors import PackageError
from packager.image.base.static_probe import read_probe
from packager.image.layers import Entry, plain_layer
from packager.image.stacked_files import StackedFiles


def probe(
    folder: Path,
    *more: Entry,
    version: str = "3.11.7",
    env: list[str] = ENV[:1],
    platform: str = "linux/amd64",
):
    layers = [layer.path for layer in tiny_layers(folder, version)]
    layers.append(plain_layer("more", folder / "more.tar", more).path)
    with StackedFiles(layers) as tree:
        return read_probe(tree, env, "x", platform)


@pytest.mark.parametrize("version", ["3.11.7", "3.12.13", "3.13.0"])
def test_python_and_glibc_are_read_from_files(tmp_path: Path, version: str):
    found = probe(tmp_path, version=version)
    minor = version.rpartition(".")[0]
    assert found.interpreter == f"/usr/local/bin/python{minor}"
    assert found.facts("x") == (minor, (2, 36), version)


def test_the_release_may_be_the_end_of_a_longer_text(tmp_path: Path):
    """Linkers merge texts with equal ends."""
    program = b"\0/opt/versions/3.11.7\0 13.11.9\0 3.11.8rc1\0"
    found = probe(tmp_path, Entry("usr/local/bin/python3.11", source=program))
    assert found.facts("x")[2] == "3.11.7"


def test_the_variable_of_official_images_decides_between_several(tmp_path: Path):
    program = Entry("usr/local/bin/python3.11", source=b" 3.11.7\0 3.11.4\0")
    with pytest.raises(PackageError) as caught:
        probe(tmp_path, program)
    assert caught.value.message == (
        "base x: expected one release of Python 3.11 in /usr/local/bin/python3.11, got none or "
        "several; without an engine its Python is read from its files"
    )
    assert "start Docker" in caught.value.hint
    assert probe(tmp_path, program, env=["PYTHON_VERSION=3.11.4"]).facts("x")[2] == "3.11.4"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Entry("usr/local/bin/python3", source=b"#!/bin/sh"), "a file called like python3.11"),
        (Entry("lib/x86_64-linux-gnu/libc.so.6", source=b"musl"), "expected glibc, got none"),
    ],
)
def test_what_is_no_python_on_glibc_is_refused(tmp_path: Path, entry: Entry, said: str):
    with pytest.raises(PackageError, match=said):
        probe(tmp_path, entry)


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path):
    layer = plain_layer("x", tmp_path / "x.tar", [Entry("lib/libc.so.6", source=GLIBC)])
    with (
        StackedFiles([layer.path]) as tree,
        pytest.raises(PackageError, match="expected python3 on its PATH"),
    ):
        read_probe(tree, ENV, "x", "linux/amd64")


def test_a_base_for_another_processor_than_it_says_is_refused(tmp_path: Path):
    program = elf_header(183) + b"\x003.11.7\0"
    entry = Entry("usr/local/bin/python3.11", source=program)
    assert probe(tmp_path, entry, platform="linux/arm64").facts("x")[2] == "3.11.7"
    with pytest.raises(PackageError) as caught:
        probe(tmp_path, entry)
    assert caught.value.message == (
        "base x: expected /usr/local/bin/python3.11 for x86_64, got aarch64"
    )
