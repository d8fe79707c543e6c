"""Metrics of groups: fairlearn's definitions by scikit-learn, variances by resampling."""

from __future__ import annotations

import numpy as np
import pytest
from judged_samples import answered, numbers
from sklearn.metrics import precision_score, recall_score

from modelhost.predictions import Predictions
from packager.errors import UsageError
from packager.manifest.policy import FairnessPolicy
from packager.worker.test.group_metrics import changes_by_part, group_metrics, positive_code
from packager.worker.test.judged_rows import JudgedRows

NAMES = ["accuracy", "true_positive_rate", "false_positive_rate", "selection_rate", "precision"]
POLICY = FairnessPolicy(columns=("sex",))


def test_the_metrics_are_scikit_learns_of_the_group() -> None:
    frame, judged = answered(3_000, 0)
    mask = (frame["sex"] == "f").to_numpy()
    found = group_metrics(judged, {"sex=f": mask}, NAMES, POLICY)["sex=f"]
    truth, guess = np.array(judged.truth) == "yes", np.array(judged.predictions.labels) == "yes"
    expected = {
        "accuracy": lambda m: (truth == guess)[m].mean(),
        "true_positive_rate": lambda m: recall_score(truth[m], guess[m]),
        "false_positive_rate": lambda m: 1 - recall_score(~truth[m], ~guess[m]),
        "selection_rate": lambda m: guess[m].mean(),
        "precision": lambda m: precision_score(truth[m], guess[m]),
    }
    for name, of in expected.items():
        assert found[name].value == pytest.approx(of(mask)), name
        assert found[name].gap == pytest.approx(of(mask) - of(mask | True)), name
    assert found["true_positive_rate"].rows == (truth & mask).sum()


def test_the_other_class_can_be_the_positive_one() -> None:
    frame, judged = answered(1_000, 0)
    mask = {"sex=f": (frame["sex"] == "f").to_numpy()}
    no = FairnessPolicy(columns=("sex",), positive="no")
    one = group_metrics(judged, mask, NAMES, POLICY)["sex=f"]
    other = group_metrics(judged, mask, NAMES, no)["sex=f"]
    assert other["selection_rate"].value == pytest.approx(1 - one["selection_rate"].value)
    assert other["true_positive_rate"].value == pytest.approx(1 - one["false_positive_rate"].value)


@pytest.mark.slow
def test_the_variance_is_that_of_repeated_samples() -> None:
    gaps, variances = [], []
    for seed in range(300):
        frame, judged = answered(600, seed)
        mask = (frame["city"] == "b").to_numpy()
        found = group_metrics(judged, {"b": mask}, NAMES[:2], POLICY)["b"]
        gaps.append([one.gap for one in found.values()])
        variances.append([one.variance for one in found.values()])
    for of, by in zip(np.var(gaps, axis=0), np.mean(variances, axis=0), strict=True):
        assert by == pytest.approx(of, rel=0.25)


def test_rows_five_times_have_the_variance_of_one() -> None:
    one, five = (
        group_metrics(judged, {"f": (frame["sex"] == "f").to_numpy()}, ["accuracy"], POLICY)
        for frame, judged in (answered(800, 0), answered(800, 0, copies=5))
    )
    before, after = one["f"]["accuracy"].variance, five["f"]["accuracy"].variance
    assert after == pytest.approx(before, rel=0.02)


def test_a_group_that_is_all_right_is_not_known_without_error() -> None:
    _frame, judged = answered(1_000, 0)
    right = np.array(judged.truth) == np.array(judged.predictions.labels)
    few = np.flatnonzero(right)[:20]
    found = group_metrics(judged, {"few": np.isin(np.arange(1_000), few)}, ["accuracy"], POLICY)
    assert found["few"]["accuracy"].value == 1
    assert (found["few"]["accuracy"].variance or 0) >= 0.9 * (21 / 22 * 1 / 22 / 20)


def test_numbers_have_errors() -> None:
    judged = numbers(1_000, 0, bias=1.0)
    mask = {"half": np.arange(1_000) < 500}
    found = group_metrics(judged, mask, ["mae", "bias"], POLICY)["half"]
    assert found["bias"].value == pytest.approx(1, abs=0.3)
    assert found["mae"].gap == pytest.approx(
        np.abs(judged.errors[:500]).mean() - np.abs(judged.errors).mean()
    )


def test_a_metric_without_rows_is_absent() -> None:
    _frame, judged = answered(100, 0)
    assert group_metrics(judged, {"none": np.zeros(100, np.bool_)}, NAMES, POLICY)["none"] == {}


@pytest.mark.parametrize(
    ("names", "classes", "message", "hint"),
    [
        (["acuracy"], ("a", "b"), "expected accuracy, true_positive_rate", "'accuracy'?"),
        (["precision"], ("a", "b", "c"), "expected accuracy, got 'precision'", "of two classes"),
        (["accuracy"], None, "expected mae, bias, got 'accuracy'", "name one of these"),
    ],
)
def test_metrics_of_other_tasks_are_refused(
    names: list[str], classes: tuple[str, ...] | None, message: str, hint: str
) -> None:
    policy = FairnessPolicy(columns=("sex",), gap=dict.fromkeys(names, 0.1))
    task = "regression" if classes is None else "classification"
    rows = JudgedRows(task, [], Predictions([], None), classes)
    with pytest.raises(UsageError) as raised:
        changes_by_part(policy, {"": rows})
    assert f"[test.fairness] gap: {message}" in raised.value.message
    assert hint in str(raised.value.hint)


def test_a_metric_is_of_every_part_that_has_it_unless_it_names_one() -> None:
    kind = JudgedRows("classification", [], Predictions([], None), ("a", "b", "c"))
    price = JudgedRows("regression", [], Predictions([], None), None)
    parts = {"kind": kind, "price": price, "cost": price}
    gap = {"mae": 1.0, "price.mae": 2.0, "accuracy": 0.1}
    found = changes_by_part(FairnessPolicy(columns=("sex",), gap=gap), parts)
    assert found == {"kind": {"accuracy": 0.1}, "price": {"mae": 2.0}, "cost": {"mae": 1.0}}
    usual = changes_by_part(FairnessPolicy(columns=("sex",)), parts)
    assert usual == {"kind": {"accuracy": 0.03}, "price": {"mae": "10%"}, "cost": {"mae": "10%"}}


def test_the_positive_class_is_named_as_the_label() -> None:
    assert positive_code(POLICY, (False, True)) == 1
    assert positive_code(FairnessPolicy(columns=("a",), positive=False), (False, True)) == 0
    with pytest.raises(UsageError, match="positive: expected one of no, yes, got maybe"):
        positive_code(FairnessPolicy(columns=("a",), positive="maybe"), ("no", "yes"))
