from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss, r2_score, recall_score, roc_auc_score

from modelhost.model import LoadedModel
from modelhost.predictions import Predictions
from monitoring.stats.intervals import wilson
from packager.errors import PackageError
from packager.manifest.base import Scalar
from packager.worker.train.evaluate import evaluate, metrics


def test_metrics_of_two_classes_are_those_of_scikit_learn() -> None:
    actual: list[Scalar | None] = ["a", "b", "b", "a", "b"]
    shares = np.array([0.9, 0.4, 0.2, 0.3, 0.6])
    guess: list[Scalar | None] = ["a" if share > 0.5 else "b" for share in shares]
    probabilities = np.column_stack([shares, 1 - shares])
    got = metrics(actual, Predictions(guess, probabilities), ("a", "b"), "classification")
    is_b = [label == "b" for label in actual]
    assert got.values == pytest.approx(
        {
            "accuracy": 3 / 5,
            "balanced_accuracy": (1 / 2 + 2 / 3) / 2,
            "f1_macro": (1 / 2 + 2 / 3) / 2,
            "log_loss": log_loss(actual, probabilities, labels=["a", "b"]),
            "roc_auc": roc_auc_score(is_b, 1 - shares),
        }
    )
    assert got.intervals["accuracy"] == wilson(3, 5)


def test_auc_of_many_classes_is_the_mean_of_one_versus_rest() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([1, 1, 1], 60)
    truth = generator.integers(0, 3, 60)
    guess: list[Scalar | None] = probabilities.argmax(axis=1).tolist()
    got = metrics(truth.tolist(), Predictions(guess, probabilities), (0, 1, 2), "classification")
    expected = roc_auc_score(truth, probabilities, multi_class="ovr", average="macro")
    assert got.values["roc_auc"] == pytest.approx(expected)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 4), st.integers(0, 5)), min_size=1))
def test_any_labels_and_tied_scores_give_the_values_of_scikit_learn(
    rows: list[tuple[int, int, int]],
) -> None:
    truth, guess, score = (list(column) for column in zip(*rows, strict=True))
    answers: list[Scalar | None] = [None if label < 0 else label for label in guess]
    probabilities = np.column_stack([1 - np.array(score) / 5, np.array(score) / 5])
    given_two = set(truth) == {0, 1}
    shown = Predictions(answers, probabilities if given_two else None)
    got = metrics(truth, shown, (0, 1) if given_two else None, "classification").values
    labels = sorted({*truth, *guess} - {-1})
    options: Any = {"average": "macro", "zero_division": 0}
    assert got["f1_macro"] == pytest.approx(f1_score(truth, guess, labels=labels, **options))
    recall = recall_score(truth, guess, labels=sorted(set(truth)), **options)
    assert got["balanced_accuracy"] == pytest.approx(recall)
    if given_two:
        assert got["roc_auc"] == pytest.approx(roc_auc_score(truth, score))


@pytest.mark.slow
def test_metrics_do_not_import_scikit_learn() -> None:
    program = """
import sys
import numpy as np
from modelhost.predictions import Predictions
from packager.worker.train.evaluate import metrics
answers = Predictions([0, 1], np.array([[0.9, 0.1], [0.2, 0.8]]))
assert "roc_auc" in metrics([0, 1], answers, (0, 1), "classification").values
sys.exit("sklearn" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_not_defined_is_left_out() -> None:
    one_class = metrics(
        ["a"], Predictions(["a"], np.array([[0.5, 0.5]])), ("a", "b"), "classification"
    )
    assert "roc_auc" not in one_class.values
    assert "log_loss" in one_class.values
    unseen = metrics(
        ["c"], Predictions(["a"], np.array([[0.5, 0.5]])), ("a", "b"), "classification"
    )
    assert "log_loss" not in unseen.values
    assert "r2" not in metrics([1.0], Predictions([2.0], None), None, "regression").values


def test_a_row_without_an_answer_is_wrong_for_labels_and_counted_for_numbers() -> None:
    labels = metrics(["a", "a"], Predictions(["a", None], None), None, "classification")
    assert labels.values["accuracy"] == 0.5
    numbers = metrics([1.0, 2.0], Predictions([1.5, None], None), None, "regression")
    assert numbers.values == {"unanswered": 0.5, "mae": 0.5, "rmse": 0.5, "bias": 0.5}
    assert metrics([1.0], Predictions([None], None), None, "regression").values == {
        "unanswered": 1.0
    }


def test_metrics_of_a_regression() -> None:
    actual: list[Scalar | None] = [1.0, 2.0, 4.0]
    guess: list[Scalar | None] = [2.0, 2.0, 2.0]
    got = metrics(actual, Predictions(guess, None), None, "regression").values
    assert got == pytest.approx(
        {"mae": 1.0, "rmse": math.sqrt(5 / 3), "bias": -1 / 3, "r2": r2_score(actual, guess)}
    )


class Constant:
    def __init__(self, label: Any) -> None:
        self.label = label

    def predict(self, frame: pd.DataFrame) -> list[Any]:
        return [self.label] * len(frame)


def test_slices_are_measured_on_their_own_rows_and_empty_ones_left_out() -> None:
    features = pd.DataFrame({"x": [1, 2, 3]})
    target = pd.Series(["a", "b", "a"], name="label")
    masks = {
        "__all__": np.ones(3, bool),
        "first": np.array([True, False, False]),
        "none": np.zeros(3, bool),
    }
    model = LoadedModel(Constant("a"), "classification", None, False)
    got = evaluate(model, features, target, masks, ["a", "b"])
    assert got.overall.values["accuracy"] == pytest.approx(2 / 3)
    assert {name: found.rows for name, found in got.slices.items()} == {"first": 1}
    assert got.slices["first"].values["accuracy"] == 1


def test_answers_that_are_no_labels_of_the_target_are_refused() -> None:
    model = LoadedModel(Constant(0), "classification", None, False)
    target = pd.Series(["a", "b"], name="label")
    with pytest.raises(PackageError, match="predicts labels like 0, expected those of 'label'"):
        evaluate(model, pd.DataFrame({"x": [1, 2]}), target, {}, ["a", "b"])
