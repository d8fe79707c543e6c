"""``check`` in a worker: the recipe's own model, and its replacement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worker_projects import FOREST, Project

from packager.data.checks.expectations import DeclaredColumn, Expectations
from packager.data.checks.finding import DataCheckReport
from packager.worker.check_data import check
from packager.worker.job import CheckJob

pytestmark = pytest.mark.usefixtures("warm")


def checked(project: Project, **changes) -> DataCheckReport:
    return check(CheckJob(job=project.job(**changes)), project.root, project.out)


@pytest.mark.slow
def test_label_errors_are_found_with_the_recipes_own_model(project, noisy):
    project.code(train=FOREST)
    project.data(noisy)
    report = checked(project)
    wrong = [finding for finding in report.findings if finding.detector == "label_error"]
    assert len(set(range(8)) & {finding.row for finding in wrong}) >= 5
    assert report.notes == ()
    assert DataCheckReport.load(project.out / "check.json") == report


@pytest.mark.slow
def test_a_held_out_file_is_checked_against_training(project, noisy):
    project.code(train=FOREST)
    project.data(noisy[:250])
    project.data(noisy[240:], "later.csv", held_out=True)
    report = checked(project, split={"file": "later.csv"})
    leaked = report.blocking
    assert {(f.detector, f.part) for f in leaked} == {("leakage", "test")}
    assert sorted(f.row for f in leaked) == list(range(10))
    assert report.rows == 310


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_labels_that_free_text_does_not_tell_are_not_doubted(project, noisy):
    draw = np.random.default_rng(1)
    words = ["fine", "works", "broke", "late", "never", "again", "happy", "the", "a", "it"]
    text = [" ".join(draw.choice(words, 9)) + f" {n}" for n in range(300)]
    project.code(train="def train(*args, **more): raise ValueError('no')")
    project.data(pd.DataFrame({"text": text, "label": noisy["label"]}))
    report = checked(project)
    assert report.notes[0] == (
        "label_error: not checked, because the recipe's own model cannot be used (the recipe "
        "raised ValueError: no), and its out-of-fold predictions are no better than chance "
        "(balanced accuracy 0.50 of 2 classes, chance is 0.50)"
    )
    assert not {"label_error", "id_like"} & set(report.counts)


@pytest.mark.slow
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
