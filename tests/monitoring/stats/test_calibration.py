"""Calibration from bins: scikit-learn on the rows, and simulated false alarms and power."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from monitoring.stats.calibration import (
    ReliabilityBins,
    calibration_error,
    compare_calibration,
    debiased_gap,
    reliability_bins,
)

pytestmark = pytest.mark.slow


def drawn(draw: np.random.Generator, rows: int, wrong: float = 0.0) -> ReliabilityBins:
    """Rows of a calibrated model, of whose answers a share of ``wrong`` more is wrong."""
    confidence = 0.5 + 0.5 * draw.beta(2, 1, rows)
    right = (draw.random(rows) < confidence) & (draw.random(rows) >= wrong)
    return reliability_bins(confidence, right)


@pytest.mark.parametrize("bins", [5, 10, 20])
def test_the_curve_is_scikit_learns(bins: int) -> None:
    draw = np.random.default_rng(0)
    scores = np.append(draw.random(5_000), [0, 0.5, 1, 0.1, 0.3])
    truth = draw.random(5_005) < scores
    share, mean = calibration_curve(truth, scores, n_bins=bins)
    found = reliability_bins(scores, truth, bins)
    used = found.rows > 0
    assert found.right[used] / found.rows[used] == pytest.approx(share, abs=1e-9)
    assert found.confidence[used] / found.rows[used] == pytest.approx(mean, abs=1e-9)


def test_a_calibrated_model_has_an_error_but_no_gap() -> None:
    draw = np.random.default_rng(1)
    samples = [drawn(draw, 2_000) for _ in range(200)]
    assert np.mean([calibration_error(one) for one in samples]) > 0.017
    assert np.mean([debiased_gap(one) for one in samples]) < 0.012
    assert debiased_gap(drawn(draw, 100_000, 0.1)) == pytest.approx(0.085, abs=0.01)


def test_false_alarms_have_the_level_asked_for() -> None:
    draw = np.random.default_rng(2)
    level, gap = [], []
    for _ in range(1_000):
        found = compare_calibration(drawn(draw, 1_500), drawn(draw, 700))
        assert found is not None
        level.append(found.level.p_value(-1))
        gap.append(found.p_gap)
    for values in (level, gap):
        assert 0.03 <= np.mean(np.array(values) < 0.05) <= 0.07
        assert np.mean(np.array(values) < 0.005) <= 0.012


def test_another_mix_of_easy_and_hard_rows_is_no_change() -> None:
    draw = np.random.default_rng(3)
    p = []
    for _ in range(300):
        confidence = 0.5 + 0.5 * draw.beta(1, 2, 1_500)  # harder rows
        harder = reliability_bins(confidence, draw.random(1_500) < confidence)
        found = compare_calibration(drawn(draw, 1_500), harder)
        assert found is not None
        p.append(min(found.level.p_value(-1), found.p_gap))
    assert np.mean(np.array(p) < 0.025) <= 0.08


def test_a_loss_of_accuracy_at_equal_confidence_is_found_with_its_size() -> None:
    draw = np.random.default_rng(4)
    found = compare_calibration(drawn(draw, 4_000), drawn(draw, 4_000, 0.1))
    assert found is not None
    assert found.level.difference == pytest.approx(-0.083, abs=0.03)
    assert found.level.p_value(-1) < 1e-6
    assert found.p_gap < 1e-4
    assert found.gap == pytest.approx(0.083, abs=0.03)
    assert found.gap < found.gap_high


def test_few_rows_say_nothing() -> None:
    draw = np.random.default_rng(5)
    assert compare_calibration(drawn(draw, 1_000), drawn(draw, 10)) is None


def test_rows_five_times_need_their_design_effect() -> None:
    draw = np.random.default_rng(6)

    def five(rows: int, effect: float) -> ReliabilityBins:
        confidence = np.repeat(0.5 + 0.5 * draw.beta(2, 1, rows), 5)
        right = np.repeat(draw.random(rows), 5) < confidence
        return reliability_bins(confidence, right)._replace(design_effect=effect)

    for effect, low, high in ((5.0, 0.0, 0.09), (1.0, 0.3, 1.0)):
        found = [compare_calibration(five(600, effect), five(600, effect)) for _ in range(300)]
        assert low <= np.mean([one is not None and one.p_gap < 0.05 for one in found]) <= high
