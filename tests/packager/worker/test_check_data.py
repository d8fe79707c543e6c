"""``check`` in a worker: the recipe's own model, and what stands in for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worker_projects import CHECKOUT, FOREST, Project

from packager.data.checks.expectations import DeclaredColumn, Expectations
from packager.data.checks.finding import DataCheckReport
from packager.worker.check_data import check
from packager.worker.job import CheckJob
from packager.worker.train import out_of_fold as worker_folds


@pytest.fixture(autouse=True)
def importable_in_a_child(project, monkeypatch):
    """Where a worker's own processes find the project and this checkout."""
    monkeypatch.setenv("PYTHONPATH", f"{project.root.code}:{CHECKOUT}")


def checked(project: Project, **changes) -> DataCheckReport:
    return check(CheckJob(job=project.job(**changes)), project.root, project.out)


@pytest.fixture
def noisy() -> pd.DataFrame:
    """Rows whose label the size decides, but for eight that say otherwise."""
    draw = np.random.default_rng(5)
    size = draw.uniform(0, 10, 300).round(4)
    frame = pd.DataFrame({"size": size, "depth": draw.normal(3, 1, 300).round(4)})
    frame["label"] = np.where(size > 5, "big", "small")
    frame.loc[:7, "size"], frame.loc[:7, "label"] = np.linspace(6, 9.5, 8), "small"
    return frame


def test_label_errors_are_found_with_the_recipes_own_model(project, noisy):
    project.code(train=FOREST)
    project.data(noisy)
    report = checked(project)
    wrong = [finding for finding in report.findings if finding.detector == "label_error"]
    assert len(set(range(8)) & {finding.row for finding in wrong}) >= 5
    assert report.notes == ()
    assert DataCheckReport.load(project.out / "check.json") == report


@pytest.mark.parametrize(
    ("code", "note"),
    [
        (
            "def train(*args, **more): raise ValueError('no')",
            "the recipe's own model cannot be used (the recipe raised ValueError: no)",
        ),
        (
            "from sklearn.svm import LinearSVC\n"
            "def train(features, target, *, params, seed):\n"
            "    return LinearSVC().fit(features, target)\n",
            "it gives labels without probabilities",
        ),
        (
            "import time\n"
            "def train(features, target, *, params, seed):\n"
            "    try:\n        time.sleep(60)\n    except Exception:\n        pass\n",
            "the recipe's own model cannot be used (it took over 4 s)",
        ),
    ],
)
def test_a_stand_in_takes_the_place_of_a_recipe_that_cannot_serve(
    project, noisy, monkeypatch, code, note
):
    if "sleep" in code:
        monkeypatch.setattr(worker_folds, "RECIPE_TIMEOUT_SECONDS", 4.0)
    project.code(train=code)
    project.data(noisy)
    report = checked(project)
    assert note in report.notes[0]
    wrong = {f.row for f in report.findings if f.detector == "label_error"}
    assert len(set(range(8)) & wrong) >= 5


def test_a_held_out_file_is_checked_against_training(project, noisy):
    project.code(train=FOREST)
    project.data(noisy[:250])
    project.data(noisy[240:], "later.csv", held_out=True)
    report = checked(project, split={"file": "later.csv"})
    leaked = report.blocking
    assert {(f.detector, f.part) for f in leaked} == {("leakage", "test")}
    assert sorted(f.row for f in leaked) == list(range(10))
    assert report.rows == 310


def test_what_was_declared_is_expected(project, noisy):
    project.code(train=FOREST)
    project.data(noisy)
    expected = Expectations(
        declared={"size": DeclaredColumn(kind="string"), "depth": DeclaredColumn(max=3.0)}
    )
    asked = CheckJob(job=project.job(), expected=expected)
    report = check(asked, project.root, project.out)
    assert [finding.detector for finding in report.blocking] == ["schema"]
    assert report.counts["range"] == (noisy["depth"] > 3).sum()


def test_a_regression_is_checked_too(project, noisy):
    project.code(
        train="""
        from sklearn.linear_model import LinearRegression

        def train(features, target, *, params, seed):
            return LinearRegression().fit(features, target)
        """
    )
    noisy["label"] = noisy["size"] * 3 + np.random.default_rng(1).normal(0, 0.5, 300)
    noisy.loc[4, "label"] += 20
    project.data(noisy)
    found = [f for f in checked(project, task="regression").findings if f.detector == "label_error"]
    assert [f.row for f in found] == [4]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os._exit(0)", "its process ended with exit code 0, without a result"),
        ("import os; os.kill(os.getpid(), 11)", "its process ended with signal SIGSEGV: a crash"),
        ("raise SystemExit(4)", "the recipe raised SystemExit: 4"),
    ],
)
def test_a_recipe_that_ends_its_process_costs_a_note(project, noisy, code, reason):
    project.code(train=f"def train(features, target, *, params, seed):\n    {code}\n")
    project.data(noisy)
    assert reason in checked(project).notes[0]


def test_free_text_alone_is_not_looked_at_without_the_recipes_model(project, noisy):
    draw = np.random.default_rng(1)
    words = ["fine", "works", "broke", "late", "never", "again", "happy", "the", "a", "it"]
    text = [" ".join(draw.choice(words, 9)) + f" {n}" for n in range(300)]
    project.code(train="def train(*args, **more): raise ValueError('no')")
    project.data(pd.DataFrame({"text": text, "label": noisy["label"]}))
    report = checked(project)
    assert report.notes[0] == (
        "label_error: not checked, because the recipe's own model cannot be used (the recipe "
        "raised ValueError: no), and the default model cannot read free text (column 'text')"
    )
    assert not {"label_error", "id_like"} & set(report.counts)


def test_labels_that_no_feature_tells_are_not_doubted(project, noisy):
    project.code(train=FOREST)
    noisy["label"] = np.random.default_rng(8).choice(["a", "b"], 300)
    project.data(noisy)
    report = checked(project)
    assert "label_error" not in report.counts
    assert (
        "not checked, because its out-of-fold predictions are no better than chance"
        in report.notes[0]
    )
