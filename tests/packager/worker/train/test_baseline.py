"""The baseline that is recorded with every metric."""

from __future__ import annotations

from packager.worker.train.baseline import ConstantBaseline


def test_the_baseline_is_the_majority_class_with_the_training_frequencies() -> None:
    baseline = ConstantBaseline.of(["a", "b", "b", None, "b"], "classification")
    answers = baseline.predictions(2, ("a", "b", "c"))
    assert answers.labels == ["b", "b"]
    assert answers.probabilities is not None
    assert answers.probabilities.tolist() == [[0.25, 0.75, 0.0]] * 2


def test_the_baseline_of_numbers_is_their_mean() -> None:
    assert ConstantBaseline.of([1.0, 2.0, 6.0, None], "regression").predictions(1, None).labels == [
        3.0
    ]
    assert ConstantBaseline.of([], "regression").answer is None


def test_of_equally_frequent_labels_the_first_is_taken() -> None:
    assert ConstantBaseline.of(["b", "a"], "classification").answer == "b"
    assert ConstantBaseline.of([True, 0, 1], "classification").answer == 1
