"""A project with files that programs load from their working folder: none of them is run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, package

PROGRAMS = ("git", "uv", "pip", "docker", "mmdebstrap", "python", "python3", "python3.11", "sh")
MODULES = (
    "pip", "sitecustomize", "usercustomize", "compileall", "py_compile", "uv", "venv", "ensurepip",
    "encodings", "docker", "requests", "setup", "conftest", "noxfile", "fabfile",
)  # fmt: skip
RESERVED = ("json", "typing", "tempfile", "runpy", "logging")
"""Modules that a build refuses by name."""
TRAIN = """\
from sklearn.dummy import DummyClassifier


def train(features, target, *, params, seed):
    return DummyClassifier().fit(features, target)
"""
TOML = """\
[package]
name = "planted"
version = "1"
task = "classification"
[data]
source = "data/rows.csv"
target = "y"
[recipe]
train = "recipe.train:train"
"""


@pytest.fixture
def planted(tmp_path: Path) -> tuple[Path, Path]:
    """The project, and where whatever runs leaves its name."""
    project, marks = tmp_path / "p", tmp_path / "marks"
    marks.mkdir()
    for folder in ("data", "recipe", ".venv/bin", "bin", ".git/hooks"):
        (project / folder).mkdir(parents=True)
    for name in (*MODULES, *RESERVED):
        told = f"import os\nopen(os.path.join({str(marks)!r}, {name!r}), 'w')\n"
        (project / f"{name}.py").write_text(told)
    for folder in (".", "bin", ".venv/bin", ".git/hooks"):
        for name in (*PROGRAMS, "post-checkout", "fsmonitor"):
            place = project / folder / name
            place.write_text(f"#!/bin/sh\ntouch {marks}/program-{name}\nexit 1\n")
            place.chmod(0o755)
    hook = f"{project}/.git/hooks/fsmonitor"
    (project / ".git/config").write_text(f"[core]\n\tfsmonitor = {hook}\n\thooksPath = {hook}\n")
    (project / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (project / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    (project / ".env").write_text("PYTHONSTARTUP=pip.py\nPYTHONPATH=.\nUV_PYTHON=./python\n")
    (project / ".python-version").write_text("./python\n")
    (project / "recipe/train.py").write_text(TRAIN)
    (project / "package.toml").write_text(TOML)
    (project / "requirements.txt").write_text("scikit-learn\npandas\n")
    rows = pd.DataFrame({"x": range(60), "y": ["a", "b"] * 30})
    rows.to_csv(project / "data/rows.csv", index=False)
    return project, marks


@pytest.mark.long
@pytest.mark.slow
def test_nothing_of_a_project_runs_before_training_does(planted) -> None:
    project, marks = planted
    # Python itself fails on the project's encodings.py, so that training never starts.
    env = {**NO_ENGINE, "PATH": f".:bin:.venv/bin::{Path('/usr/bin')}:/bin"}
    output = f"oci:{project.parent / 'image'}"
    refused = package("build", ".", "--output", output, env=env, cwd=project, warm=False)
    assert "module `json` in" in refused.err
    assert sorted(path.name for path in marks.iterdir()) == []
    for arguments in (
        ("init", "new"),
        ("build", ".", "--output", output),
        ("inspect", output),
        ("data", "fingerprint", "."),
    ):
        if arguments[0] == "build":
            for name in RESERVED:
                (project / f"{name}.py").unlink()
        done = package(*arguments, env=env, cwd=project, warm=False)
        if arguments[0] == "build":
            assert "process ended with" in done.err, done.err  # it came as far as training
        assert sorted(path.name for path in marks.iterdir()) == [], arguments
