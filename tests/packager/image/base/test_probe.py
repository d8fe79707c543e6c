from __future__ import annotations

from pathlib import Path

import pytest
from saved_bases import SAID, saved
from tiny_bases import GLIBC

from packager.cache import cache_directory
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.base.base import find_base, restore_base
from packager.image.base.probe import ProbeResult
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


def test_the_program_of_a_base_from_a_file_is_not_run_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Its loader and its Python are programs that leave a mark."""
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    mark = tmp_path / "mark"
    program = f"#!/bin/sh\ntouch {mark}\n# 3.11.2\0".encode()
    names = ("lib64/ld-linux-x86-64.so.2", "usr/bin/python3.11")
    entries = [Entry(n, program, mode=0o755) for n in names]
    entries += [Entry("usr/bin/python3", link="python3.11"), Entry("lib64/libc.so.6", GLIBC)]
    layer = plain_layer("base", tmp_path / "l.tar", entries)
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
