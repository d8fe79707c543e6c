"""Packages on the base of another release, and on a machine with another Python."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from command import Package, ask, package, served
from old_interpreters import installed_python
from peer_environments import UV

from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.image.base.base import find_base
from packager.image.base.debian import make_base
from packager.progress import NullProgress

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.slow, pytest.mark.network]
TOP = Path(__file__).parents[1]
TRIXIE = "package-base:trixie-python3.13"
NEWER = "3.13"


def test_a_package_on_trixie_serves_and_replays(engine: Engine, tmp_path: Path) -> None:
    if find_base(TRIXIE, default_platform(), engine) is None:
        make_base(engine, NullProgress(), release="trixie")
    project = tmp_path / "newer"
    assert package("init", project).code == 0
    done = package("build", project, "--base", TRIXIE, "--json")
    assert done.code == 0, done.err
    tag = done.json["tag"]
    try:
        lock = json.loads((project / "package.lock").read_text())
        assert any("cp313" in wheel["filename"] for wheel in lock["wheels"])
        rows = pd.read_csv(project / "data" / "visits.csv").head(3)
        with served(tag) as url:
            asked = {"rows": json.loads(rows.to_json(orient="records"))}
            status, answer = ask(f"{url}/predict", asked)
        assert (status, len(answer["predictions"])) == (200, 3)
        done = package("replay", tag)
        assert "replay: passed" in done.out, done.err + done.out
    finally:
        engine.remove(tag)
        engine.remove(f"{tag}-replay")


def test_a_newer_python_replays_a_package_of_an_older_base(
    engine_package: Package, tmp_path: Path
) -> None:
    """The program runs on Python 3.13, the package on the base's 3.11."""
    python = installed_python(NEWER)
    if python is None:
        pytest.skip(f"needs Python {NEWER}")
    newer = tmp_path / "newer"
    for command in (
        ["venv", "--python", python, newer],
        ["pip", "install", "--python", newer / "bin/python", TOP],
    ):
        subprocess.run([UV, "--quiet", *command], check=True, cwd=tmp_path)
    program = [str(newer / "bin" / "package"), "replay", engine_package.built["tag"]]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "replay: passed" in done.stdout
    local = subprocess.run([*program, "--local"], cwd=tmp_path, capture_output=True, text=True)
    assert local.returncode == 1
    assert f"expected Python 3.11 on {default_platform()}, got Python {NEWER}" in local.stderr
