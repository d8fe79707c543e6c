from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from worker_projects import RECIPE, Project

from packager.manifest.data_roles import Split

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.mark.long
@pytest.mark.slow
def test_the_digits_example_prepares_trains_and_recognises_digits(project: Project) -> None:
    shutil.copytree(EXAMPLES / "digits", project.root.path / "digits", ignore=lambda *_: ["data"])
    subprocess.run([sys.executable, project.root.path / "digits/prepare.py"], check=True)
    table = tomllib.loads((EXAMPLES / "digits/package.toml").read_text())
    shutil.copy(project.root.path / "digits/data/digits.csv", project.root.source)
    shutil.copy(EXAMPLES / "digits/train.py", project.root.code)
    job = project.job(
        target=table["data"]["target"],
        split=Split(**table["data"]["split"]),
        recipe=RECIPE.model_copy(update={"params": table["recipe"]["params"]}),
        slices_rules=table["slices"]["rules"],
    )
    result = project.train_here(job)
    assert result.schema_.classes == tuple(range(10))
    assert len(result.schema_.features) == 64
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] > 0.93
    assert "light" in result.evaluation.slices


def test_the_diamonds_example_says_what_to_install() -> None:
    program = [sys.executable, "-S", EXAMPLES / "diamonds/prepare.py"]  # -S: no site-packages
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "expected plotnine to be installed" in ended.stderr
    assert "hint: pip install --no-deps plotnine" in ended.stderr
