"""Predictions for rows outside a model's training fold, in a process that may crash."""

from __future__ import annotations

import pytest
from worker_projects import Project

from packager.data.checks.finding import DataCheckReport
from packager.worker.check_data import check
from packager.worker.job import CheckJob
from packager.worker.train import out_of_fold as worker_folds


def checked(project: Project, **changes) -> DataCheckReport:
    return check(CheckJob(job=project.job(**changes)), project.root, project.out)


@pytest.mark.slow
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
            "it predicts labels without probabilities",
        ),
        (
            "import time\n"
            "def train(features, target, *, params, seed):\n"
            "    try:\n        time.sleep(60)\n    except Exception:\n        pass\n",
            "the recipe's own model cannot be used (the recipe took over 4 s)",
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os._exit(0)", "process ended with exit code 0, without a result"),
        (
            "import os; os.kill(os.getpid(), 11)",
            "the recipe's process ended with signal SIGSEGV: a",
        ),
        ("raise SystemExit(4)", "the recipe raised SystemExit: 4"),
    ],
)
def test_a_recipe_that_ends_its_process_costs_a_note(project, noisy, code, reason):
    project.code(train=f"def train(features, target, *, params, seed):\n    {code}\n")
    project.data(noisy)
    assert reason in checked(project).notes[0]
