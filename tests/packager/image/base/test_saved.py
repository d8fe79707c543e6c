"""A saved base: its part of cache keys and locks, and the interpreter that compiles bytecode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from saved_bases import SAID, saved
from tiny_bases import tiny_layers

from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.base.probe import HOST_VERSION
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.bytecode import ContainerCompiler, HostCompiler

ENGINE: Any = object()


def base(folder: Path, engine: Any = None, **changes: Any) -> BaseImage:
    return BaseImage(saved(**changes), folder, engine)


def test_a_record_survives_its_file(tmp_path: Path):
    kept = saved(packages=("python3=3.11.2",), diff_ids=("sha256:a",), sizes=(1,))
    (tmp_path / "base.json").write_bytes(kept.dump())
    assert SavedBase.load(tmp_path / "base.json") == kept


def test_another_word_of_the_interpreter_is_another_identity():
    assert saved().identity == saved(reference="other").identity
    assert saved().identity != saved(said=SAID.replace("3.11.2", "3.11.3")).identity


def test_layers_are_found_by_their_content(tmp_path: Path):
    diff_ids = ("sha256:" + "a" * 64, "sha256:" + "b" * 64)
    found = base(tmp_path, diff_ids=diff_ids, sizes=(1, 2))
    assert [layer.path.name for layer in found.layers] == ["a" * 64 + ".tar", "b" * 64 + ".tar"]
    assert found.locked.diff_ids == diff_ids


def test_a_record_with_a_size_too_few_is_no_base(tmp_path: Path):
    with pytest.raises(ValueError, match="zip"):
        _ = base(tmp_path, diff_ids=("sha256:" + "a" * 64,), sizes=()).layers


def test_programs_of_a_base_from_elsewhere_run_in_containers_only(tmp_path: Path):
    here = {"version": HOST_VERSION, "platform": default_platform()}
    assert isinstance(base(tmp_path, ENGINE).compiler(), ContainerCompiler)
    assert isinstance(base(tmp_path, **here).compiler(), HostCompiler)
    assert base(tmp_path, **here).compiles_here
    other = {**here, "version": "3.11.0"}
    with pytest.raises(PackageError, match="run in containers only") as caught:
        base(tmp_path, **other).compiler()
    assert "start Docker" in caught.value.hint
    assert not base(tmp_path, **other).compiles_here


def test_bytecode_for_another_platform_is_made_by_an_interpreter_of_this_one(tmp_path: Path):
    other = base(tmp_path, version="3.11.99", platform="linux/riscv64")
    assert not other.runs_here
    assert other.compiler() is None
    assert not other.compiles_here
    native = HostCompiler("of the same version")
    assert replace(other, native=native).compiler() is native
    assert replace(other, native=native).compiles_here


@pytest.mark.engine
def test_an_engine_gets_a_base_of_a_registry_under_a_name_of_ours(engine: Engine, tmp_path: Path):
    """Under its own name it would be taken for what the registry has."""
    layers = tiny_layers(tmp_path / "made")
    (tmp_path / "layers").mkdir()
    for layer in layers:
        layer.path.rename(tmp_path / "layers" / f"{layer.diff_id[7:]}.tar")
    facts = {
        "diff_ids": tuple(layer.diff_id for layer in layers),
        "sizes": tuple(layer.size for layer in layers),
        "platform": engine.platform,
    }
    name = base(tmp_path, engine, reference="127.0.0.1:9/python:3", **facts).in_engine()
    try:
        assert name.startswith("package-base:")
        assert engine.describe("127.0.0.1:9/python:3") is None
        described = engine.describe(name)
        assert described is not None
        assert tuple(described["RootFS"]["Layers"]) == facts["diff_ids"]
    finally:
        engine.remove(name)
