"""From a registry's image of Python to a package in the registry, without and with an engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import NO_ENGINE, forget_trainings, package
from registries import StartedRegistry, registry
from registry_packages import pushed
from slim_images import PYTHON, make_slim_image

from packager.engine.engine import Engine

TOOLS = ("mmdebstrap", "gcc", "docker-registry", "skopeo")
pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.network, pytest.mark.engine]


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StartedRegistry, str]]:
    """A registry that has the image; its layers are compressed, as other tools push them."""
    if sys.platform != "linux" or os.getuid() or not all(map(shutil.which, TOOLS)):
        pytest.skip(f"needs root and {', '.join(TOOLS)}")
    folder = tmp_path_factory.mktemp("slim")
    with registry(folder / "registry") as running:
        place = f"{running.host}/library/python:3-slim"
        pushed(place, make_slim_image(folder), compression="gzip")
        for layer in folder.glob("*.tar"):
            layer.unlink()
        yield running, place


@pytest.fixture(scope="module")
def built(
    slim: tuple[StartedRegistry, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The starter project, built without an engine into the registry: its digest, its folder."""
    running, base = slim
    forget_trainings("process")
    project = tmp_path_factory.mktemp("project") / "starter"
    assert package("init", project).code == 0
    target = f"registry:{running.host}/team/starter"
    options = ("--output", target, "--companion", "--base", base, "--json")
    done = package("build", project, *options, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert "fetched" in done.err or "cached" in done.err
    told = json.loads(done.out)
    assert running.tags("team/starter") == running.tags("team/starter-replay")
    return told["registry"]["reference"], project


def test_a_package_is_built_on_it_and_pushed_without_an_engine(
    built: tuple[str, Path], slim: tuple[StartedRegistry, str]
):
    reference, project = built
    lock = json.loads((project / "package.lock").read_text())
    assert lock["base_digests"].keys() == {slim[1]}
    raw = subprocess.run(
        ["skopeo", "inspect", "--tls-verify=false", "--config", f"docker://{reference}"],
        check=True,
        capture_output=True,
        text=True,
    )
    config = json.loads(raw.stdout)
    assert config["rootfs"]["diff_ids"][:5] == lock["bases"][0]["diff_ids"]
    assert any(entry.startswith("PYTHON_VERSION=") for entry in config["config"]["Env"])
    done = package("replay", reference, "--local", env=NO_ENGINE)
    assert done.code == 0, done.err + done.out
    assert "replay: passed" in done.out


def test_an_engine_runs_and_replays_it(built: tuple[str, Path], engine: Engine):
    reference, project = built
    rows = project / "data" / "visits.csv"
    done = package("predict", reference, "--data", rows)
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == len(rows.read_text().splitlines()) - 1
    assert f"{reference} is {reference}" in done.err
    image = next(tag for tag in engine.tags() if tag.startswith(f"{reference.partition('@')[0]}:"))
    try:
        told = engine.output(image, [PYTHON, "-c", "import json; print(json.__cached__)"])
        assert told.strip().endswith(".pyc")
        checked = package("inspect", reference, "--check")
        assert checked.code == 0, checked.out
        done = package("replay", reference)
        assert "replay: passed" in done.out, done.err
    finally:
        engine.remove(image)


def test_both_builders_of_an_engine_build_on_it(
    built: tuple[str, Path], slim: tuple[StartedRegistry, str], engine: Engine
):
    """The lock that was made without an engine names the same base."""
    _, project = built
    base = ("--base", slim[1])
    for builder in ("assemble", "docker"):
        done = package("build", project, *base, "--builder", builder, "--json")
        assert done.code == 0, done.err
        tag = json.loads(done.out)["tag"]
        try:
            checked = package("inspect", tag, "--check")
            assert checked.code == 0, checked.out
        finally:
            engine.remove(tag)
            engine.remove(f"{tag}-replay")
