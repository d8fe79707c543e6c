"""Cached training results, which are never used for other inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from command import package
from host_samples import FILES, MANIFEST, RecordedProgress, write_project

from packager.build.train import training_job
from packager.cache import cache_directory
from packager.environment.dependencies import Dependencies
from packager.environment.lock import LockFile
from packager.image import stack as stacks
from packager.image.config import Image
from packager.image.layers import Layer
from packager.image.stack import make_stack
from packager.manifest.manifest import Base, Lock, Wheel
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.project.files import read_files
from packager.runners.job import make_job
from packager.runners.project import ProjectEnvironment, training_image
from packager.runners.result_cache import (
    CachedTraining,
    inputs_digest,
    load_training,
    store_training,
    training_digest,
    training_inputs,
)
from packager.worker.job import Job, TrainingResult

LOCK = Lock(python="3.11", platform="linux/amd64", base="none", wheels=())
WHEEL = Wheel(name="a", version="1", filename="a-1.whl", sha256="0" * 64, groups=("model",))
LOCKED = LockFile(inputs="", python="3.11", platform="linux/amd64", bases=(), wheels=())
RESULT = TrainingResult(
    model=(),
    loader="loaders:joblib",
    schema=MANIFEST.schema_,
    slices=MANIFEST.slices,
    evaluation=None,
    environment=MANIFEST.environment,
    train_rows=1,
    test_rows=1,
)
BASE = Base(reference="b", diff_ids=("sha256:1",), env=())


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))


def digest(folder: Path, lock: Lock = LOCK, isolation: str = "process") -> str:
    project = load_project(folder)
    return inputs_digest(read_files(project), lock, isolation, training_job(project, None))


@pytest.mark.slow
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


POLICY = "[test]\nbatch_invariance = false\n[[test.case]]\nname = 'a'\nkind = 'bounds'\n"


@pytest.mark.slow
def test_another_policy_of_tests_takes_the_kept_result(tmp_path):
    before = write_project(tmp_path / "project")
    one = digest(before)
    changed = {"package.toml": f"{FILES['package.toml']}{POLICY}expect = 'label:yes'\n"}
    after = write_project(tmp_path / "project", changed)
    assert digest(after) == one
    layer = Layer("code", tmp_path, "sha256:" + "1" * 64, 0)
    files = read_files(load_project(after))
    config = b'{"diff_ids":["sha256:' + b"1" * 64 + b'"]}'
    inputs = training_inputs(Image("training", config, (layer,)), files)
    other = Image(
        "training", config.replace(b"1", b"2"), (replace(layer, diff_id=f"sha256:{'2' * 64}"),)
    )
    assert training_inputs(other, files).digest == inputs.digest
    changed["train.py"] = "def train(*args): return 1\n"
    files = read_files(load_project(write_project(tmp_path / "project", changed)))
    assert training_inputs(other, files).digest != inputs.digest


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


@pytest.mark.slow
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


IMAGE = Image("training", b"{}", ())
HERE = {"cpu": "one"}


def job(folder: Path) -> Job:
    return training_job(load_project(folder), None)


def test_another_image_place_machine_or_job_has_another_digest(
    tmp_path: Path,
) -> None:
    asked = job(write_project(tmp_path / "project"))
    digests = {
        training_digest(IMAGE, "container", HERE, asked),
        training_digest(Image("training", b'{"a":1}', ()), "container", HERE, asked),
        training_digest(IMAGE, "process", HERE, asked),
        training_digest(IMAGE, "container", {"cpu": "two"}, asked),
        training_digest(IMAGE, "container", HERE, asked.model_copy(update={"leave_out": 1})),
    }
    assert len(digests) == 5
    assert training_digest(Image("x", b"{}", ()), "container", HERE, asked) in digests


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.py", FILES["train.py"] + "# another recipe\n"),
        ("data/visits.csv", FILES["data/visits.csv"] + "web,3.5,no\n"),
    ],
)
def test_the_image_that_trains_is_another_for_other_code_data_or_runtime(
    tmp_path: Path, name: str, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest_of(folder: str, changes: dict[str, str]) -> str:
        project = load_project(write_project(tmp_path / folder, changes))
        files = read_files(project)
        (tmp_path / folder / "out").mkdir()
        stack = make_stack(None, LOCK, files, tmp_path / folder / "out", NullProgress())
        environment = ProjectEnvironment(LOCK.platform, None, Dependencies(LOCK, LOCKED), None)
        return training_image(environment, files, stack, tmp_path / folder).digest

    before = digest_of("one", {})
    assert digest_of("two", {}) == before
    assert digest_of("three", {name: content}) != before
    (tmp_path / "more.py").write_text("# one line more\n")
    trains = stacks.training_runtime
    more = {**trains(), "packager/worker/more.py": tmp_path / "more.py"}
    monkeypatch.setattr(stacks, "training_runtime", lambda: more)
    assert digest_of("four", {}) != before


def result(out: Path) -> Path:
    (out / "model").mkdir(parents=True)
    (out / "model/model").write_bytes(b"weights")
    (out / "result.json").write_bytes(RESULT.dump())
    return out


def test_a_kept_result_comes_back_with_its_isolation(tmp_path: Path) -> None:
    heard = RecordedProgress()
    store_training("a" * 32, result(tmp_path / "out"), {"where": "container"})
    assert load_training("b" * 32, tmp_path / "none", heard) is None
    for name in ("again", "and-again"):
        found = load_training("a" * 32, tmp_path / name, heard)
        assert found == CachedTraining(RESULT, {"where": "container"})
        assert (tmp_path / name / "model/model").read_bytes() == b"weights"
    assert heard.warnings == []


@pytest.mark.parametrize("damage", ["other", "gone", "more", "record", "result"])
def test_a_damaged_result_is_removed_and_said(tmp_path: Path, damage: str) -> None:
    heard = RecordedProgress()
    store_training("a" * 32, result(tmp_path / "out"), {})
    folder = cache_directory("trained") / ("a" * 32)
    match damage:
        case "other":
            (folder / "files/model/model").unlink()
            (folder / "files/model/model").write_bytes(b"heavier")
        case "gone":
            (folder / "files/model/model").unlink()
        case "more":
            (folder / "files/model/other").write_bytes(b"")
        case "record":
            (folder / "kept.json").write_text("{")
        case "result":
            (folder / "files/result.json").unlink()
            (folder / "files/result.json").write_text("{}")
    assert load_training("a" * 32, tmp_path / "again", heard) is None
    assert heard.warnings[0].startswith("the cached training result is damaged: ")
    assert not (tmp_path / "again").exists()
    assert not folder.exists()


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
        time.sleep(5)
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
    assert "add --ready-seconds 10 to the command, which reuses this training" in failed.err
    assert not (tmp_path / "image").exists()
    done = package(*command, "--ready-seconds", "300")
    assert done.code == 0, done.err
    assert "reusing the cached training result" in done.err
    assert "fitting now" not in done.err
    assert (tmp_path / "image/index.json").is_file()
