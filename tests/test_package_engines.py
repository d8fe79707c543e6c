"""``package build --builder docker`` and the assembled image: the same tree, the same config."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import docker
import pytest
from command import Package, package

from packager.engine.engine import Engine
from packager.image.dockerfile import template

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def pairs(engine: Engine, engine_package: Package, base: str) -> Iterator[list[tuple[str, str]]]:
    """(assembled, built by Docker) of the image and its companion; equal roots, so equal tags."""
    names = [engine_package.built["tag"], engine_package.built["companion"]["tag"]]
    asides = [f"assembled-{name}" for name in names]
    for name, aside in zip(names, asides, strict=True):
        engine.tag(name, aside)
    done = package(
        "build", engine_package.project, "--base", base, "--builder", "docker", "--json"
    )  # fmt: skip
    assert done.code == 0, done.err
    built = done.json
    try:
        assert [built["tag"], built["companion"]["tag"]] == names
        assert built["root"] == engine_package.built["root"]
        yield list(
            zip(asides, [built["config_digest"], built["companion"]["config_digest"]], strict=True)
        )
    finally:
        for name, aside in zip(names, asides, strict=True):
            engine.remove(name)
            engine.tag(aside, name)
            engine.remove(aside)


def _exported(container: Any, file: IO[bytes]) -> tarfile.TarFile:
    file.writelines(container.export())
    file.seek(0)
    return tarfile.open(fileobj=file)


def tree(image: str) -> dict[str, tuple[Any, ...]]:
    """Name → type, mode, owner, link, content and (but for folders) time of every file."""
    client = docker.from_env()
    container = client.containers.create(image, ["-"], network_mode="none")
    found = {}
    try:
        with tempfile.TemporaryFile() as file, _exported(container, file) as tar:
            for info in tar:
                file = tar.extractfile(info) if info.isreg() else None
                content = hashlib.sha256(file.read()).hexdigest() if file else ""
                owner = (info.uid, info.gid)
                time = None if info.isdir() else info.mtime
                link = info.linkname
                found[info.name] = (info.type, info.mode, owner, link, content, time)
    finally:
        container.remove(force=True)
    # The engine's own, made again for every container.
    return {
        name: told
        for name, told in found.items()
        if not name.startswith(
            (".dockerenv", "dev", "proc", "sys", "etc/host", "etc/resolv", "etc/mtab")
        )
    }


def test_docker_builds_the_file_tree_that_is_assembled(pairs: list[tuple[str, str]]) -> None:
    for assembled, built in pairs:
        expected, found = tree(assembled), tree(built)
        assert {n: t for n, t in found.items() if expected.get(n) != t} == {}
        assert expected.keys() - found.keys() == set()
    assert "package/manifest.json" in found
    assert "data/source/visits.csv" in found


def test_docker_builds_the_config_that_is_assembled(
    engine: Engine, pairs: list[tuple[str, str]]
) -> None:
    for names in pairs:
        expected, found = [(engine.describe(name) or {})["Config"] for name in names]
        for key in ("Cmd", "User", "WorkingDir", "Healthcheck", "ExposedPorts", "Labels"):
            assert found[key] == expected[key], key
        assert not found["Entrypoint"]
        assert not expected["Entrypoint"]
        assert sorted(found["Env"]) == sorted(expected["Env"])
        assert found["Labels"]["model-packager.root"]


def test_what_docker_built_is_read_like_any_package(
    pairs: list[tuple[str, str]], engine_package: Package
) -> None:
    assembled, built = (
        package("inspect", name, "--json").json for name in (pairs[0][0], engine_package.reference)
    )
    assert built["manifest"] == assembled["manifest"]
    names = [layer["name"] for layer in built["layers"]]
    assert names[-7:] == [
        "wheels",
        "model environment",
        "runtime",
        "code",
        "server environment",
        "model",
        "package",
    ]
    assert set(names[:-7]) == {"base"}
    rows = engine_package.project / "data" / "visits.csv"
    told = package("predict", engine_package.reference, "--data", rows)
    assert told.code == 0, told.err
    assert told.out == package("predict", pairs[0][0], "--data", rows).out


def test_an_image_of_a_template_that_does_not_serve_is_refused_and_gets_no_name(
    engine: Engine, engine_package: Package, base: str, tmp_path: Path
) -> None:
    project = tmp_path / "starter"
    shutil.copytree(engine_package.project, project)
    own = template().replace("CMD $command", 'CMD ["python", "-c", "print(1 / 0)"]')
    assert "1 / 0" in own
    (project / "Dockerfile.template").write_text(own)
    toml = (project / "package.toml").read_text()
    (project / "package.toml").write_text(toml.replace('"starter"', '"does-not-serve"'))
    done = package("build", project, "--base", base, "--builder", "docker")
    assert done.code == 1
    assert "error: trained, but the image ends before it is ready" in done.err
    assert "ZeroDivisionError" in done.err
    assert not [tag for tag in engine.tags() if "does-not-serve" in tag]
