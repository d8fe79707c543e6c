"""The record of a baseline: what was computed comes back from the file."""

from __future__ import annotations

import math

import numpy as np
import pytest
from judged_samples import answered, masks

from monitoring.stats.calibration import reliability_bins
from monitoring.stats.estimates import Estimate
from packager.worker.test.baseline import Baseline, ClassScores, MetricEstimate, Reliability
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.judged_rows import baseline_of


def test_an_estimate_comes_back() -> None:
    for found in (
        Estimate(0.9, 1e-4, 500.0, 499.0, True),
        Estimate(0.1234567890123456, 3.3e-7, 17.0, 16.0),
    ):
        record = MetricEstimate.model_validate_json(MetricEstimate.of(found).model_dump_json())
        assert record.estimate == found


def test_an_unknown_variance_stays_unknown() -> None:
    record = MetricEstimate.of(Estimate(0.9, math.nan, math.nan, math.nan))
    assert record.variance is None
    assert math.isnan(record.estimate.variance)


def test_bins_come_back() -> None:
    draw = np.random.default_rng(0)
    bins = reliability_bins(draw.random(200), draw.random(200) < 0.5)._replace(degrees=199.0)
    record = Reliability.model_validate_json(Reliability.of(bins).model_dump_json())
    for one, other in zip(record.bins, bins, strict=True):
        assert np.array_equal(one, other)


def test_the_area_of_bins_counts_ties_half() -> None:
    none = Reliability(rows=(), confidence=(), right=(), degrees=0)
    found = ClassScores(edges=(0.5,), positive=(1, 3), negative=(2, 2), reliability=none)
    assert found.roc_auc == pytest.approx((1 * 1 + 3 * (2 + 1)) / 16)


def test_the_file_is_that_of_the_package() -> None:
    frame, judged = answered(500, 0)
    found = baseline_of(judged, masks(frame))
    found = found.model_copy(update={"answers": class_baseline(judged)})
    assert Baseline.model_validate_json(found.dump()) == found
    assert found.dump() == Baseline.model_validate_json(found.dump()).dump()
