"""Requirements of every kind and file, from the project to the answers of a served package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, ask, package, served
from host_samples import make_wheel
from requirement_formats import LOCKS
from source_samples import commit, python_project, sdist

from modelhost.sandbox import landlock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.server,
    pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="the kernel can't confine files"),
]
UV = Path(sys.executable).parent / "uv"
SECRET = "s3cr3tpassword"
TOML = """\
[package]
name = "needs"
version = "1.0"
task = "classification"
[data]
source = "data/rows.csv"
target = "y"
[recipe]
train = "train:train"
[serve]
compile = "off"
[requirements]
file = "{file}"
{more}
"""
TRAIN = """
import {modules}

class Rule:
    classes_ = ["no", "yes"]

    def predict(self, frame):
        import {modules}
        return ["yes" if size > 5 else "no" for size in frame["size"]]

def train(features, target, *, params, seed):
    return Rule()
"""


def project(folder: Path, file: str, modules: str, more: str = "") -> Path:
    """A project whose model imports ``modules``."""
    (folder / "data").mkdir(parents=True)
    (folder / "package.toml").write_text(TOML.format(file=file, more=more))
    (folder / "train.py").write_text(TRAIN.format(modules=modules))
    sizes = np.random.default_rng(5).uniform(0, 10, 300)
    rows = pd.DataFrame({"size": sizes, "y": np.where(sizes > 5, "yes", "no")})
    rows.to_csv(folder / "data" / "rows.csv", index=False)
    return folder


def answers(made: Path, **env: str) -> list[str]:
    """What the served package answers to two rows; it replays, too."""
    image, log = made.parent / "image", made.parent / "log"
    done = package("build", made, "--output", f"oci:{image}", env={**NO_ENGINE, **env})
    log.write_text(done.err + done.out)
    assert done.code == 0, done.err
    with served(image, "--local", env=NO_ENGINE) as url:
        status, answer = ask(f"{url}/predict", {"rows": [{"size": 9.0}, {"size": 1.0}]})
    assert status == 200, answer
    return [one["prediction"] for one in answer["predictions"]]


@pytest.mark.long
def test_sources_of_every_kind(tmp_path: Path) -> None:
    """Folders, wheels, archives and repositories, by paths relative to the file that names them."""
    made = project(tmp_path / "own", "requirements.txt", "a, b, c, d, e, f, own")
    python_project(made, "own", files={"src/own.py": "X = 1\n"})
    (made / "own.py").unlink()
    python_project(made / "libs" / "a", "a")
    python_project(made / "more" / "b", "b", requires=("f ; extra == 'plus'",))
    make_wheel(made / "wheels", "c", {"c.py": "X = 1\n"})
    sdist(made / "sdists", "d")
    repository = tmp_path / "repository"
    python_project(repository / "inner" / "e", "e")
    commit(repository, "v1.0")
    make_wheel(made / "wheels", "f", {"f.py": "X = 1\n"})
    (made / "more" / "constraints.txt").write_text("pandas<3\n")
    nested = "./b[plus]\n../wheels/c-1.0-py3-none-any.whl\n-c constraints.txt\n"
    (made / "more" / "nested.txt").write_text(nested)
    lines = [
        *("-e .", "./libs/a", "-r more/nested.txt", "./sdists/d-1.0.tar.gz", "numpy"),
        f"git+file://{repository}@v1.0#subdirectory=inner/e",
        *("--find-links wheels", "pandas"),
    ]
    (made / "requirements.txt").write_text("\n".join(lines) + "\n")
    assert answers(made) == ["yes", "no"]
    lock = json.loads((made / "package.lock").read_text())
    locked = {one["name"]: one["version"] for one in lock["wheels"]}
    assert locked.keys() >= set("abcdef") | {"own"}
    assert locked["pandas"] < "3"
    assert str(made) not in (made / "package.lock").read_text()


def test_credentials_reach_neither_lock_nor_image_nor_log(tmp_path: Path) -> None:
    made = project(tmp_path / "own", "requirements.txt", "c")
    make_wheel(made / "wheels", "c", {"c.py": "X = 1\n"})
    lines = [f"--extra-index-url http://me:{SECRET}@127.0.0.1:9/simple", "--find-links wheels"]
    (made / "requirements.txt").write_text("\n".join([*lines, "c", ""]))
    config = tmp_path / "uv.toml"
    index = (
        f'[[index]]\nname = "own"\nurl = "http://me:{SECRET}@127.0.0.1:9/simple"\nexplicit = true\n'
    )
    config.write_text(index)
    done = package(
        *("build", made, "--output", f"oci:{tmp_path / 'image'}"),
        env={**NO_ENGINE, "UV_CONFIG_FILE": str(config)},
    )
    (tmp_path / "log").write_text(done.err + done.out)
    config.unlink()
    (made / "requirements.txt").unlink()
    holders = [one for one in tmp_path.rglob("*") if one.is_file() and holds(one)]
    assert holders == [], done.err


def holds(file: Path) -> bool:
    return SECRET.encode() in file.read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("form", ["pyproject.toml", "uv.lock", "pylock.toml", "environment.yml"])
def test_files_of_every_format(tmp_path: Path, form: str) -> None:
    made = project(tmp_path / "own", form, "numpy, pandas, packaging, cachetools", GROUPS[form])
    if form == "environment.yml":
        text = "dependencies:\n- python>=3.11\n- pandas=2.2\n- numpy<2.3\n- packaging\n"
        (made / form).write_text(f"{text}- pip\n- pip:\n  - cachetools\n")
    else:
        text = '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11"\n'
        text += 'dependencies = ["numpy<2.3", "pandas>=2.2,<2.3"]\n'
        text += '[project.optional-dependencies]\nmore = ["packaging"]\n'
        text += '[dependency-groups]\nml = [{ include-group = "base" }]\nbase = ["cachetools"]\n'
        (made / "pyproject.toml").write_text(text)
    if form in ("uv.lock", "pylock.toml"):
        uv(made, "lock")
    if form == "pylock.toml":
        uv(made, "export", "--all-extras", "--all-groups", "--no-emit-project", "-o", form)
        (made / "uv.lock").unlink()
    assert answers(made) == ["yes", "no"]


CHOSEN = 'extras = ["more"]\ngroups = ["ml"]\n'
GROUPS = {"pyproject.toml": CHOSEN, "uv.lock": CHOSEN, "pylock.toml": "", "environment.yml": ""}


def uv(folder: Path, *words: str) -> None:
    environment = {**os.environ, "UV_PYTHON": sys.executable}
    command = [str(UV), "--quiet", "--project", str(folder), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_a_lock_of_poetry(tmp_path: Path) -> None:
    made = project(tmp_path / "own", "poetry.lock", "sklearn, lightgbm, yaml", CHOSEN_BY_POETRY)
    for name in ("poetry.lock", "pyproject.toml"):
        text = (LOCKS / "poetry" / name).read_text()
        # Their mirror does not exist: the user's own index has the same files.
        (made / name).write_text(MIRROR.sub("", text))
    assert "index.test" not in (made / "poetry.lock").read_text()
    assert answers(made) == ["yes", "no"]


MIRROR = re.compile(r"^\[+(?:package|tool\.poetry)\.source\]+\n(?:\w+ = .*\n)+", re.MULTILINE)
CHOSEN_BY_POETRY = 'extras = ["fast"]\ngroups = ["ml"]\n'
