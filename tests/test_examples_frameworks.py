"""The examples of other frameworks: built, served, and replayed at the level they claim."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command import NO_ENGINE, package

from packager.environment.index import user_index_options

EXAMPLES = Path(__file__).parents[1] / "examples" / "frameworks"
NAMES = sorted(folder.parent.name for folder in EXAMPLES.glob("*/package.toml"))


def _without_gpu() -> bool:
    """Whether the user's own configuration offers PyTorch's processor-only wheels."""
    options = user_index_options()
    said = " ".join([*options.arguments, *options.environment.get("UV_FIND_LINKS", "").split()])
    folders = [Path(word) for word in said.split() if word.startswith("/")]
    return "/cpu" in said or any(any(folder.glob("torch-*+cpu-*.whl")) for folder in folders)


@pytest.mark.long
@pytest.mark.network
@pytest.mark.parametrize("name", NAMES)
def test_an_example_reaches_the_level_it_claims(name: str, tmp_path: Path) -> None:
    if name == "torch":
        if not os.environ.get("MODEL_PACKAGER_TORCH"):
            pytest.skip("takes over a minute and 2 GB: MODEL_PACKAGER_TORCH=1 runs it")
        if not _without_gpu():
            pytest.skip("no index or folder of the pip or uv configuration offers PyTorch for CPUs")
    shutil.copytree(EXAMPLES / name, tmp_path / name)
    shutil.copy(EXAMPLES / "make_data.py", tmp_path)
    subprocess.run([sys.executable, tmp_path / "make_data.py"], check=True, capture_output=True)
    project, image = tmp_path / name, tmp_path / "image"
    claimed = tomllib.loads((project / "package.toml").read_text())["recipe"]["level"]
    built = package("build", project, "--output", f"oci:{image}", env=NO_ENGINE)
    assert built.code == 0, built.err
    rows = tmp_path / "rows.csv"
    rows.write_text("size,rooms,area\n100,3,river\n")
    told = package("predict", image, "--data", rows, "--local", env=NO_ENGINE)
    assert told.code == 0, told.err
    assert 150 < json.loads(told.out)["prediction"] < 500
    report = tmp_path / "replay.json"
    replayed = package("replay", image, "--json-file", report, "--local", env=NO_ENGINE)
    assert replayed.code == 0, replayed.err
    assert json.loads(report.read_text())["level"] == claimed
    assert f"| {name} |" in (EXAMPLES / "README.md").read_text()
