"""Cached training results, which are never used for other inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import killed_at, package
from host_samples import FILES, RecordedProgress, write_project

from packager.build.train import training_job
from packager.errors import PackageError
from packager.manifest.manifest import Base, Lock, Wheel
from packager.project.config import load_project
from packager.project.files import read_files
from packager.runners.job import make_job
from packager.runners.result_cache import inputs_digest, keep_result, take_result

LOCK = Lock(python="3.11", platform="linux/amd64", base="none", wheels=())
WHEEL = Wheel(name="a", version="1", filename="a-1.whl", sha256="0" * 64, groups=("model",))
BASE = Base(reference="b", diff_ids=("sha256:1",), env=())


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))


def digest(folder: Path, lock: Lock = LOCK, isolation: str = "process") -> str:
    project = load_project(folder)
    return inputs_digest(read_files(project), lock, isolation, training_job(project, None))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.py", FILES["train.py"] + "# another recipe\n"),
        ("helpers/dates.py", "DAYS = 7\n"),
        ("data/visits.csv", FILES["data/visits.csv"] + "web,3.5,no\n"),
        ("package.toml", FILES["package.toml"] + "seed = 8\n"),
        ("requirements.txt", "pandas\nscipy\n"),
    ],
)
def test_other_code_data_or_recipe_takes_no_kept_result(tmp_path, name, content):
    before = digest(write_project(tmp_path / "project"))
    assert digest(write_project(tmp_path / "project")) == before
    assert digest(write_project(tmp_path / "project", {name: content})) != before


@pytest.mark.parametrize(
    ("lock", "isolation"),
    [
        (LOCK.model_copy(update={"wheels": (WHEEL,)}), "process"),
        (LOCK.model_copy(update={"python": "3.12"}), "process"),
        (LOCK.model_copy(update={"base": BASE}), "process"),
        (LOCK, "container"),
    ],
)
def test_other_dependencies_or_surroundings_take_no_kept_result(tmp_path, lock, isolation):
    folder = write_project(tmp_path / "project")
    assert digest(folder, lock, isolation) != digest(folder)


def test_a_project_elsewhere_with_other_code_has_reports_of_its_own(tmp_path):
    one, other = write_project(tmp_path / "one"), write_project(tmp_path / "other")
    asked = make_job(load_project(one))
    before = inputs_digest(read_files(load_project(one)), LOCK, "process", asked)
    assert inputs_digest(read_files(load_project(other)), LOCK, "process", asked) == before
    (other / "train.py").write_text("def train(*args): return 1\n")
    assert inputs_digest(read_files(load_project(other)), LOCK, "process", asked) != before


def test_a_version_of_the_product_with_another_runtime_takes_none(tmp_path, monkeypatch):
    folder = write_project(tmp_path / "project")
    before = digest(folder)
    monkeypatch.setattr("packager.runners.result_cache.runtime_digest", lambda _: "f" * 64)
    assert digest(folder) != before


def test_a_result_is_kept_where_what_follows_fails_and_forgotten_where_it_succeeds(tmp_path):
    out, heard = tmp_path / "out", RecordedProgress()
    (out / "model").mkdir(parents=True)
    (out / "model/model").write_bytes(b"weights")
    (out / "result.json").write_text("{}")
    with pytest.raises(KeyboardInterrupt), keep_result("a" * 32, out, heard):
        raise KeyboardInterrupt
    assert "the same command with --resume reuses it" in heard.warnings[0]
    assert take_result("b" * 32, tmp_path / "none") is None
    with pytest.raises(PackageError, match=r"TrainingResult|result\.json"):  # `{}` is read
        take_result("a" * 32, tmp_path / "again")
    assert (tmp_path / "again/model/model").read_bytes() == b"weights"
    with keep_result("a" * 32, tmp_path / "again", heard):
        pass
    assert take_result("a" * 32, tmp_path / "gone") is None


SLOW = """
import pickle, sys, time

from sklearn.ensemble import HistGradientBoostingClassifier

def train(features, target, *, params, seed):
    print("fitting now")
    return HistGradientBoostingClassifier().fit(features.select_dtypes("number"), target)

def save(model, path):
    path.write_bytes(pickle.dumps(model))

def load(path):
    if "modelhost.serve" in sys.modules:
        time.sleep(12)
    return pickle.loads(path.read_bytes())
"""


@pytest.mark.engine
def test_an_image_that_is_not_ready_in_time_costs_no_training(engine, base, tmp_path, monkeypatch):
    monkeypatch.delenv("MODEL_PACKAGER_CACHE")
    project = tmp_path / "slow"
    assert package("init", project).code == 0
    (project / "train.py").write_text(SLOW)
    described = (project / "package.toml").read_text()
    without = described.replace("[serve]\n", '[serve]\ncompile = "off"\n')  # not ready at once
    (project / "package.toml").write_text(without)
    command = ("build", project, "--base", base, "--output", f"oci:{tmp_path / 'image'}")
    failed = package(*command, "--ready-seconds", "2")
    assert failed.code == 1
    assert failed.err.count("fitting now") == 2
    assert "trained, but the image is not ready after 2 s" in failed.err
    assert "add --resume --ready-seconds 10 to the command" in failed.err
    assert not (tmp_path / "image").exists()
    done = package(*command, "--resume", "--ready-seconds", "60")
    assert done.code == 0, done.err
    assert "reusing the cached training result" in done.err
    assert "fitting now" not in done.err
    assert (tmp_path / "image/index.json").is_file()
    # Nothing is kept after a success. That this is said is enough: the build is ended then.
    killed_at("no training result of this code and data is in the cache: training", *command[1:],
              "--resume", env={})  # fmt: skip
