"""The baseline of a classifier's answers: scikit-learn's numbers on the rows."""

from __future__ import annotations

import numpy as np
import pytest
from judged_samples import answered, masks, numbers
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, log_loss, roc_auc_score

from modelhost.predictions import Predictions
from monitoring.stats.calibration import calibration_error
from packager.worker.test.baseline import Baseline
from packager.worker.test.class_baseline import class_baseline, confusion, reliability
from packager.worker.test.judged_rows import JudgedRows, baseline_of


def of(judged: JudgedRows) -> Baseline:
    every = {"__all__": np.ones(len(judged), np.bool_)}
    found = baseline_of(judged, every).model_copy(update={"answers": class_baseline(judged)})
    return Baseline.model_validate_json(found.model_dump_json())  # as it is in the package


def drawn(classes: int, rows: int = 8_000, seed: int = 0) -> JudgedRows:
    draw = np.random.default_rng(seed)
    chances = draw.dirichlet(np.ones(classes) * 0.7, rows)
    truth = (chances.cumsum(axis=1) > draw.random((rows, 1))).argmax(axis=1)
    names = tuple(f"class {code}" for code in range(classes))
    labels = [names[code] for code in chances.argmax(axis=1)]
    found = Predictions(labels, chances)
    return JudgedRows("classification", [names[code] for code in truth], found, names)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_areas_losses_and_calibration_are_scikit_learns_on_the_rows(classes: int) -> None:
    judged = drawn(classes)
    baseline = of(judged)
    answers, chances = baseline.answers, judged.predictions.probabilities
    assert answers is not None
    assert chances is not None
    truth = np.array([judged.classes.index(one) for one in judged.truth])  # type: ignore[union-attr]
    scored = [1] if classes == 2 else list(range(classes))
    assert len(answers.scores) == len(scored)
    for one, code in zip(answers.scores, scored, strict=True):
        expected = roc_auc_score(truth == code, chances[:, code])
        assert one.roc_auc == pytest.approx(expected, abs=0.002)
        share, mean = calibration_curve(truth == code, chances[:, code], n_bins=20)
        bins = one.reliability.bins
        used = bins.rows > 0
        assert bins.right[used] / bins.rows[used] == pytest.approx(share, abs=1e-9)
        assert bins.confidence[used] / bins.rows[used] == pytest.approx(mean, abs=1e-9)
    metrics = baseline.slices["__all__"].metrics
    expected = log_loss(truth, chances, labels=range(classes))
    assert metrics["log_loss"].value == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(answers.confusion, confusion_matrix(truth, chances.argmax(axis=1)))
    assert metrics["accuracy"].value == pytest.approx(np.trace(answers.confusion) / 8_000)


def test_confidence_is_that_of_the_answer() -> None:
    judged = drawn(3)
    found = reliability(judged)
    assert found is not None
    chances = judged.predictions.probabilities
    assert chances is not None
    assert found.confidence.sum() == pytest.approx(chances.max(axis=1).sum())
    assert found.accuracy == judged.estimates()["accuracy"].value
    assert calibration_error(found) < 0.03


def test_it_is_small_and_has_no_row() -> None:
    judged = drawn(10, rows=20_000)
    text = of(judged).model_dump_json()
    assert len(text) < 40_000
    chances = judged.predictions.probabilities
    assert chances is not None
    assert not [score for score in chances[:200].ravel().tolist() if repr(score) in text]


def test_many_classes_have_no_scores_and_no_confusion() -> None:
    found = class_baseline(drawn(30))
    assert found is not None
    assert found.scores == ()
    assert found.confusion == ()
    assert found.reliability is not None


def test_rows_that_belong_together_are_counted() -> None:
    _, judged = answered(1_000, 0, copies=5)
    found = reliability(judged)
    assert found is not None
    assert found.design_effect == pytest.approx(5, rel=0.01)
    assert found.degrees == 999


def test_what_has_no_probabilities_or_classes_has_no_scores() -> None:
    _, judged = answered(100, 0)
    bare = JudgedRows(
        "classification", judged.truth, Predictions(judged.predictions.labels, None), ("no", "yes")
    )
    found = class_baseline(bare)
    assert found is not None
    assert (found.scores, found.reliability) == ((), None)
    assert np.sum(found.confusion) == 100
    assert class_baseline(numbers(10, 0)) is None


def test_labels_that_the_model_does_not_know_are_not_in_the_matrix() -> None:
    frame, judged = answered(100, 0)
    unknown = JudgedRows(
        "classification", ["?", *judged.truth[1:]], judged.predictions, ("no", "yes")
    )
    assert np.sum(confusion(unknown)) == 99
    assert baseline_of(unknown, masks(frame)).slices["__all__"].metrics["accuracy"].rows == 100
