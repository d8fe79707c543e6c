"""A source is built in a container that has nothing of this machine."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from host_samples import RecordedProgress
from source_samples import python_project

from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.environment.wheel_builds import BuildJob
from packager.errors import PackageError
from packager.image.base.base import find_base
from packager.runners import source_build
from packager.runners.source_build import LocalBuilder, source_builder

LOOKS = """
    import os, pathlib, socket
    assert os.getuid() != 0, "root"
    assert sorted(os.environ.keys() & {"TOKEN", "USER"}) == []
    assert not pathlib.Path(%r).exists(), "a file of the host"
    try:
        pathlib.Path("/usr/x").write_text("x")
        raise AssertionError("written")
    except OSError:
        pass
    try:
        socket.create_connection(("127.0.0.1", 9), 1)
        raise AssertionError("connected")
    except OSError:
        pass
    interfaces = [name for _, name in socket.if_nameindex()]
    assert interfaces == ["lo"], interfaces
    assert os.getcwd() == "/work/build/source", os.getcwd()
"""


def job(source: Path) -> BuildJob:
    return BuildJob("./x", source, "", (), "backend", (".",), (), {})


@pytest.mark.engine
def test_a_container_builds_without_the_host(engine: Engine, base: str, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "topsecret")
    source = python_project(tmp_path / "x", "x", body=(LOOKS % str(tmp_path)).strip())
    found = find_base(base, default_platform(), engine)
    wheels = []
    for name in ("first", "second"):
        output, heard = tmp_path / name, RecordedProgress()
        ended = source_builder(found).build(job(source), output, heard)
        assert ended.code == 0, heard.lines
        (wheel,) = output.glob("*.whl")
        wheels.append(wheel.read_bytes())
    assert "x.py" in ZipFile(wheel).namelist()
    assert wheels[0] == wheels[1]


def test_without_container_and_landlock_nothing_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(source_build.landlock, "abi", lambda: 0)
    with pytest.raises(PackageError) as caught:
        LocalBuilder().build(job(tmp_path), tmp_path, RecordedProgress())
    assert "neither an engine nor this kernel" in caught.value.message
    assert caught.value.hint.startswith("start Docker")
