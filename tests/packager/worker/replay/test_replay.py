from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from worker_projects import FOREST, RECIPE, RULE, Ended, Project

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.manifest.base import FileEntry, Level
from packager.manifest.manifest import Manifest
from packager.model.paths import Root
from packager.worker.job import Job, ReplayRequest
from packager.worker.replay.replay import replay
from packager.worker.replay.report import ReplayReport

pytestmark = pytest.mark.slow

EVERYTHING = """
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
        VotingClassifier,
    )
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    def train(features, target, *, params, seed):
        # The search itself remembers how long fitting took: no two have the same bytes.
        search = GridSearchCV(SVC(random_state=seed), {"C": [1, 2]}, cv=2)
        found = search.fit(features, target).best_estimator_
        estimators = [
            make_pipeline(StandardScaler(), LogisticRegression(random_state=seed)),
            RandomForestClassifier(n_estimators=5, random_state=seed),
            HistGradientBoostingClassifier(max_iter=3, random_state=seed),
            GradientBoostingClassifier(n_estimators=3, random_state=seed),
            SGDClassifier(random_state=seed),
            MLPClassifier(hidden_layer_sizes=(4,), max_iter=5, random_state=seed),
            VotingClassifier([("tree", RandomForestClassifier(3, random_state=seed))]),
            found,
        ]
        named = [(f"e{place}", estimator) for place, estimator in enumerate(estimators)]
        return VotingClassifier(named).fit(features, target)
"""
"""Estimators of every kind."""

DRIFTING = """
    import os

    class Drifting:
        def __init__(self, limit, mark):
            self.limit = limit
            self.mark = mark

        def predict(self, frame):
            return ["big" if size > self.limit else "small" for size in frame["size"]]

    def train(features, target, *, params, seed):
        again = bool(os.environ.get("AGAIN"))
        limit = params["again"] if again else 4
        return Drifting(limit, "again" if again and params["marked"] else "first")
"""
"""A recipe that, the second time, marks the model or moves its limit."""


def replayed(project: Project) -> tuple[Ended, ReplayReport]:
    out = project.out.parent / "replayed"
    ended = project.replay(out)
    assert (out / "report.json").exists(), ended.stderr
    return ended, ReplayReport.load(out / "report.json")


def drifting(
    project: Project, rows: pd.DataFrame, level: Level, again: float = 4, marked: bool = True
) -> Job:
    project.code(train=DRIFTING)
    project.data(rows)
    changes = {"params": {"again": again, "marked": marked}, "level": level}
    return project.job(recipe=RECIPE.model_copy(update=changes))


def test_seeded_estimators_reach_the_same_bytes(project: Project, rows: pd.DataFrame) -> None:
    project.code(train=EVERYTHING)
    project.data(rows)
    job = project.job(slices_columns=("new", "count"), slices_rules={"large": "size >= 8"})
    result = project.train(job)
    project.package(job, result)
    ended, report = replayed(project)
    assert ended.code == 0, ended.stderr
    assert (report.level, report.passed, report.required_level) == ("artifact", True, "artifact")
    found = report.comparison
    assert found is not None
    assert found.artifact
    assert found.state
    assert (found.label_flips, found.rows) == (0, result.test_rows)
    assert found.largest_difference is None  # a vote has no probabilities
    assert report.environment_differences == ()
    assert all(check.ok for check in report.checks)
    names = [check.name for check in report.checks]
    assert {"package files", "code files", "model files", "data files"} <= set(names)
    assert {"fingerprint", "schema", "rows, intervals, baselines and slices"} <= set(names)
    assert report.metrics["accuracy"].ok


@pytest.mark.parametrize(("level", "passed"), [("artifact", False), ("predictions", True)])
def test_other_bytes_with_the_same_answers_are_the_level_predictions(
    project: Project,
    rows: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    level: Level,
    passed: bool,
) -> None:
    job = drifting(project, rows, level)
    project.package(job, project.train_here(job))
    monkeypatch.setenv("AGAIN", "1")
    report = replay(project.root, ReplayRequest(), project.out)
    assert (report.level, report.passed) == ("predictions", passed)
    assert report.comparison is not None
    assert report.comparison.label_flips == 0
    assert report.comparison.differing == (".mark: 'first', now 'again'",)
    assert report.nondeterminism == ("train.py:13: os.environ reads the environment it runs in",)


@pytest.mark.parametrize(
    ("accept", "level", "passed"), [(1.0, "metrics", True), (0.0, "none", False)]
)
def test_other_answers_are_the_level_metrics_within_the_band_only(
    project: Project,
    rows: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    accept: float,
    level: str,
    passed: bool,
) -> None:
    job = drifting(project, rows, "metrics", again=6)
    assert job.recipe != "none"
    bands = dict.fromkeys(("accuracy", "balanced_accuracy", "f1_macro"), accept)
    job = job.model_copy(update={"recipe": job.recipe.model_copy(update={"accept": bands})})
    project.package(job, project.train_here(job))
    monkeypatch.setenv("AGAIN", "1")
    report = replay(project.root, ReplayRequest(), project.out)
    assert (report.level, report.passed) == (level, passed)
    assert report.comparison is not None
    assert report.comparison.label_flips
    assert report.comparison.differing_rows
    assert report.metrics["accuracy"].accepted == accept
    assert report.metrics["accuracy"].recorded == 1
    assert report.metrics["accuracy"].ok is passed


def test_a_false_claim_about_a_true_model_does_not_pass(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=FOREST)
    project.data(rows.assign(label=["big", "small"] * 40))
    job = project.job()
    manifest = project.package(job, project.train_here(job))
    assert manifest.evaluation is not None
    overall = manifest.evaluation.overall
    flattered = overall.model_copy(update={"values": overall.values | {"accuracy": 0.99}})
    claim = manifest.evaluation.model_copy(update={"overall": flattered})
    changed = manifest.model_copy(update={"evaluation": claim})
    (project.root.package / "manifest.json").write_bytes(changed.dump())
    report = replay(project.root, ReplayRequest(), project.out)
    assert (report.level, report.passed) == ("artifact", False)
    assert report.comparison is not None
    assert report.comparison.largest_difference == 0
    assert not report.metrics["accuracy"].ok


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs a package leaves a copy for the others."""
    return tmp_path_factory.mktemp("kept") / "root"


@pytest.fixture
def packaged(project: Project, rows: pd.DataFrame, kept: Path) -> Project:
    """A package whose replay, if it trained at all, would say so."""
    if kept.exists():
        shutil.copytree(kept, project.root.path, dirs_exist_ok=True)
        return project
    project.code(train=RULE, helper="VALUE = 1")
    project.data(rows)
    job = project.job()
    project.package(job, project.train_here(job))
    shutil.copytree(project.root.path, kept)
    return project


@pytest.mark.parametrize(
    ("folder", "name", "check"),
    [
        ("source", "rows.csv", "data file rows.csv"),
        ("models", "model", "model file model"),
        ("code", "helper.py", "code file helper.py"),
        ("package", "fingerprint.json", "package file fingerprint.json"),
    ],
)
def test_a_tampered_file_is_named_and_nothing_is_run(
    packaged: Project, folder: str, name: str, check: str
) -> None:
    path: Path = getattr(packaged.root, folder) / name
    path.write_bytes(path.read_bytes() + b"\n")
    report = replay(packaged.root, ReplayRequest(), packaged.out.parent / "replayed")
    assert (report.level, report.passed) == ("none", False)
    assert [found.name for found in report.checks if not found.ok][1:] == [check]
    assert report.environment_now is None


def test_a_module_that_is_not_named_is_found(packaged: Project) -> None:
    (packaged.root.code / "sklearn.py").write_text("raise SystemExit")
    ended, report = replayed(packaged)
    assert ended.code == 1
    assert not report.passed
    assert "code file sklearn.py" in [found.name for found in report.checks if not found.ok]


def test_data_brought_from_elsewhere_has_to_be_the_data(packaged: Project) -> None:
    kept = packaged.out.parent / "kept"
    shutil.move(packaged.root.source, kept)
    with pytest.raises(PackageError, match="expected the training data in") as caught:
        replay(packaged.root, ReplayRequest(), packaged.out.parent / "replayed")
    assert "--data PATH" in caught.value.hint
    shutil.copytree(kept, packaged.root.source)
    (packaged.root.source / "_SUCCESS").touch()
    assert replay(packaged.root, ReplayRequest(), packaged.out.parent / "replayed").passed


def test_a_recipe_that_fails_the_second_time_is_an_error(packaged: Project) -> None:
    (packaged.root.code / "train.py").write_text("raise RuntimeError('gone')")
    manifest = Manifest.load(packaged.root.package / "manifest.json")
    code = tuple(
        FileEntry.of(packaged.root.code / entry.path, entry.path) for entry in manifest.code
    )
    changed = manifest.model_copy(update={"code": code})
    (packaged.root.package / "manifest.json").write_bytes(changed.dump())
    ended = packaged.replay(packaged.out)
    assert ended.code == 1
    assert ended.error["message"] == (
        "training again failed: importing train raised RuntimeError: gone"
    )


def test_a_model_trained_elsewhere_cannot_be_replayed(packaged: Project) -> None:
    path = packaged.root.package / "manifest.json"
    manifest = Manifest.load(path).model_copy(update={"recipe": "none"})
    path.write_bytes(manifest.dump())
    ended = packaged.replay(packaged.out)
    assert ended.code == 1
    assert ended.error["message"] == ("this package has no recipe: the model was trained elsewhere")


def test_a_damaged_manifest_is_an_error(tmp_path: Path) -> None:
    root = Root(tmp_path)
    root.package.mkdir()
    (root.package / "manifest.json").write_text("{}")
    with pytest.raises(PackageError, match="expected Manifest"):
        replay(root, ReplayRequest(), tmp_path / "out")


def test_a_report_is_the_same_each_time(packaged: Project) -> None:
    first = replay(packaged.root, ReplayRequest(), packaged.out.parent / "one")
    second = replay(packaged.root, ReplayRequest(), packaged.out.parent / "two")
    assert sha256_bytes(first.dump()) == sha256_bytes(second.dump())
    assert sorted(path.name for path in (packaged.out.parent / "one").iterdir()) == ["report.json"]


@pytest.mark.parametrize(
    ("change", "level", "told"),
    [
        ("seed", "predictions", "seed: 8 in place of 7"),
        ("row", "predictions", "row: training row 29 of 59 left out"),
        ("param", "none", "param: depth 2 in place of 1"),
    ],
)
def test_a_change_on_purpose_comes_out_lower(
    project: Project, rows: pd.DataFrame, change: str, level: str, told: str
) -> None:
    project.code(
        train="""
        class Rule:
            def __init__(self, rows, depth, seed):
                self.rows, self.depth, self.seed = rows, depth, seed

            def predict(self, frame):
                return ["big" if size > 4 * self.depth else "small" for size in frame["size"]]

        def train(features, target, *, params, seed):
            return Rule(len(features), params["depth"], seed)
        """
    )
    project.data(rows)
    job = project.job(recipe=RECIPE.model_copy(update={"params": {"depth": 1}}))
    project.package(job, project.train_here(job))
    report = replay(project.root, ReplayRequest.model_validate({"perturb": change}), project.out)
    assert (report.level, report.perturbed, report.passed) == (level, told, True)


def test_a_change_that_nothing_shows_is_said_to_go_unnoticed(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        train="""
        class Constant:
            def predict(self, frame):
                return ["small"] * len(frame)

        def train(features, target, *, params, seed):
            return Constant()
        """
    )
    project.data(rows)
    job = project.job()
    project.package(job, project.train_here(job))
    report = replay(project.root, ReplayRequest(perturb="seed"), project.out)
    assert (report.level, report.passed) == ("artifact", False)
    with pytest.raises(PackageError, match="expected a number or a boolean in"):
        replay(project.root, ReplayRequest(perturb="param"), project.out)


def test_what_differs_of_the_environment_is_reported(packaged: Project) -> None:
    path = packaged.root.package / "manifest.json"
    manifest = Manifest.load(path)
    other = manifest.environment.model_copy(update={"cpu": "Z80", "threads": 64})
    path.write_bytes(manifest.model_copy(update={"environment": other}).dump())
    report = replay(packaged.root, ReplayRequest(), packaged.out.parent / "replayed")
    now = report.environment_now
    assert now is not None
    told = set(report.environment_differences)
    assert {f"cpu: Z80, now {now.cpu}", f"threads: 64, now {now.threads}"} <= told


def test_a_replay_by_hand_fixes_its_surroundings_itself_whatever_the_clock(
    packaged: Project,
) -> None:
    told = {"MODEL_PINNED_ISA": "", "OMP_NUM_THREADS": "2", "TZ": "Asia/Kathmandu"}
    told |= {"PYTHONHASHSEED": "99", "TMPDIR": str(packaged.out.parent)}
    for library in Path("/usr/lib").glob("*/faketime/libfaketime.so.1"):
        told |= {"LD_PRELOAD": str(library), "FAKETIME": "@2041-07-01 12:00:00"}
    ended = packaged.work("replay", **told)
    assert ended.code == 0, ended.stderr
    assert ended.stdout.endswith(
        "equivalence level: artifact (claimed: artifact)\nreplay: passed\n"
    )
    report = ReplayReport.load(packaged.out.parent / "replay" / "report.json")
    now = report.environment_now
    assert now is not None
    assert (now.threads, now.timezone, now.hash_seed) == (1, "UTC", "0")


def test_a_replay_by_hand_says_what_went_wrong(project: Project) -> None:
    ended = project.work("replay", "seed", TMPDIR=str(project.out.parent))
    assert ended.code == 1
    assert "error: " in ended.stderr
    assert "manifest.json: expected Manifest" in ended.stderr
    assert "hint: " in ended.stderr
