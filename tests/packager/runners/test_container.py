"""The isolation of training and replay in a container."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest
from command import Package, package

from packager.engine.engine import Engine
from packager.engine.job import ContainerJob

WRITES = """
import pathlib
import tempfile

from sklearn.linear_model import LogisticRegression

OUTSIDE = {outside!r}

def train(features, target, *, params, seed):
    for folder in [".", tempfile.gettempdir(), *OUTSIDE]:
        (pathlib.Path(folder) / "cache.txt").write_text("1")
    numbers = features.select_dtypes("number").fillna(0)
    return Numbers().fit(numbers, target)

class Numbers(LogisticRegression):
    def predict(self, features):
        return super().predict(features.select_dtypes("number").fillna(0))

    def predict_proba(self, features):
        return super().predict_proba(features.select_dtypes("number").fillna(0))
"""
PYTHON = "/opt/venv/bin/python"


@pytest.mark.engine
def test_a_job_may_write_in_its_own_folders_only_and_leaves_nothing(
    engine: Engine, engine_package: Package, tmp_path: Path
) -> None:
    client = docker.from_env()
    before = {volume.name for volume in client.volumes.list()}
    script = (
        "import pathlib, subprocess\n"
        "for folder in '/usr /package /models /opt/venv / /work /code /tmp'.split():\n"
        "    try:\n"
        "        (pathlib.Path(folder) / 'mine').write_text('1')\n"
        "        print(folder, 'written')\n"
        "    except OSError as error:\n"
        "        print(folder, error.strerror)\n"
        "pathlib.Path('/work/out').mkdir()\n"
        "pathlib.Path('/work/out/result').write_text(open('/code/train.py').read())\n"
    )
    said: list[str] = []
    job = ContainerJob(engine_package.reference, [PYTHON, "-c", script], {})
    ended = engine.job(job, tmp_path, said.append)
    assert ended.code == 0, said
    refused = [
        f"{f} Read-only file system" for f in ("/usr", "/package", "/models", "/opt/venv", "/")
    ]
    assert said == [*refused, "/work written", "/code written", "/tmp written"]
    assert (tmp_path / "result").read_text() == (engine_package.project / "train.py").read_text()
    assert {volume.name for volume in client.volumes.list()} <= before


@pytest.mark.engine
def test_a_recipe_may_write_beside_its_code_in_training_and_in_replay(
    engine: Engine, base: str, tmp_path: Path
) -> None:
    project = tmp_path / "writes"
    assert package("init", project).code == 0
    (project / "train.py").write_text(WRITES.format(outside=[]))
    done = package("build", project, "--base", base, "--json")
    assert done.code == 0, done.err
    try:
        replayed = package("replay", done.json["tag"], "--json-file", tmp_path / "replay.json")
        assert replayed.code == 0, replayed.err
        assert "equivalence level: artifact" in replayed.out
    finally:
        engine.remove(done.json["tag"])
        engine.remove(done.json["companion"]["tag"])


@pytest.mark.engine
@pytest.mark.parametrize("outside", ["/usr"])
def test_a_recipe_that_writes_elsewhere_gets_the_allowed_folders(
    base: str, outside: str, tmp_path: Path
) -> None:
    project = tmp_path / "writes"
    assert package("init", project).code == 0
    (project / "train.py").write_text(WRITES.format(outside=[outside]))
    done = package("build", project, "--base", base)
    assert done.code == 1
    assert f"OSError: [Errno 30] Read-only file system: '{outside}/cache.txt'" in done.err
    assert "it may write into its working directory and the temporary folder only" in done.err
