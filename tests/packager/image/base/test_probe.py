from __future__ import annotations

import json
from pathlib import Path

import pytest
from elf_samples import elf_header
from saved_bases import SAID, saved

from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.base.base import find_base, restore_base
from packager.image.base.probe import BASE_LABEL, ProbeResult, parse_probe, probe_files
from packager.image.base.saved import BaseImage
from packager.image.bytecode import LoaderCompiler
from packager.image.export import load_into, write_archive
from packager.image.layers import Entry, plain_layer
from packager.progress import NullProgress


def test_what_a_python_tells_is_parsed():
    probed = ProbeResult(interpreter="/usr/bin/python3", said=SAID)
    assert probed.facts("x") == ("3.11", (2, 36), "3.11.2")


@pytest.mark.parametrize(
    "said", ["", "3.11", "3.10 glibc 2.36 3.10.2 (main)", "3.12 musl 1.2 3.12.1 (main)", "ran\x1b["]
)
def test_a_python_that_we_cannot_use_is_refused(said: str):
    with pytest.raises(PackageError, match=r"^base x: expected Python >= 3\.11 and glibc, got "):
        ProbeResult(interpreter="", said=said).facts("x")


def test_an_archive_that_tells_nothing_needs_an_engine():
    with pytest.raises(PackageError) as caught:
        parse_probe({"config": {"Labels": None}}, "base.tar")
    assert caught.value.message == (
        "base.tar: a base from a file runs in containers only, and no engine responds"
    )


def test_the_program_of_a_base_from_a_file_is_not_run_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Its loader is a program that leaves a mark."""
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    mark = tmp_path / "mark"
    program = f"#!/bin/sh\ntouch {mark}\n".encode()
    names = ("lib64/ld-linux-x86-64.so.2", "usr/bin/python3")
    layer = plain_layer("base", tmp_path / "l.tar", [Entry(n, program, mode=0o755) for n in names])
    folder = tmp_path / "layers"
    folder.mkdir()
    base = BaseImage(
        saved(diff_ids=(layer.diff_id,), sizes=(layer.size,), env=("PATH=/usr/bin",)),
        tmp_path,
        None,
    )
    (folder / f"{layer.diff_id[7:]}.tar").write_bytes(layer.path.read_bytes())
    write_archive([base.image], tmp_path / "base.tar")
    back = restore_base(tmp_path / "base.tar", None)
    assert (back.saved.version, back.saved.origin) == ("3.11.2", "elsewhere")
    assert not mark.exists()


@pytest.mark.engine
def test_a_base_in_the_engine_is_queried_in_a_container(base: str, tmp_path: Path, monkeypatch):
    engine = Engine.connect()
    assert engine is not None
    made = find_base(base, engine.platform, engine)
    assert made is not None
    load_into(engine, made.image, NullProgress())
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    found = find_base(base, engine.platform, engine)
    assert found is not None
    assert found.saved.model_copy(update={"origin": made.saved.origin}) == made.saved
    assert found.saved.origin == "elsewhere"
    assert not list(cache_directory("bases").rglob("python3*"))
    modules = []
    for name, compiler in (("here", made.compiler()), ("container", found.compiler())):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "a.py").write_text("def f(x):\n    return {x: 'y'}\n")
        compiler.compile(tree, "/code")
        modules.append((tree / "__pycache__").glob("*.pyc").__next__().read_bytes())
    assert isinstance(made.compiler(), LoaderCompiler)
    assert modules[0] == modules[1]
    label = json.loads(made.image.config)["config"]["Labels"][BASE_LABEL]
    assert json.loads(label)["said"] == made.saved.said


ARM_LIBC = b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n\0"


def foreign_base(root: Path, *, machine: int = 183, python: bytes = b"\x003.11.2\0") -> Path:
    """The files of a base that are read."""
    for name, content in {
        "usr/bin/python3.11": elf_header(machine) + python,
        "usr/lib/aarch64-linux-gnu/libc.so.6": elf_header(machine) + ARM_LIBC,
    }.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(content)
    return root


def test_a_base_for_another_platform_is_probed_by_its_files(tmp_path: Path):
    found = probe_files(foreign_base(tmp_path), "/usr/bin/python3.11", "linux/arm64")
    assert found.facts("x") == ("3.11", (2, 36), "3.11.2")


def test_the_version_may_be_in_the_library_of_python(tmp_path: Path):
    root = foreign_base(tmp_path, python=b"")
    with pytest.raises(PackageError, match="expected the version of Python in its files, got none"):
        probe_files(root, "/usr/bin/python3.11", "linux/arm64")
    (root / "usr/local/lib").mkdir(parents=True)
    (root / "usr/local/lib/libpython3.12.so.1.0").write_bytes(b"x\x003.12.7\0x")
    found = probe_files(root, "/usr/bin/python3.11", "linux/arm64")
    assert found.facts("x")[2] == "3.12.7"


def test_a_base_for_another_processor_than_it_says_is_refused(tmp_path: Path):
    root = foreign_base(tmp_path, machine=62)
    with pytest.raises(PackageError) as caught:
        probe_files(root, "/usr/bin/python3.11", "linux/arm64")
    assert caught.value.message == (
        "base for linux/arm64: expected /usr/bin/python3.11 for aarch64, got x86_64"
    )
