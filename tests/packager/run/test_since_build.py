"""A package on new rows beside its own held-out rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from monitoring.slices.slices import ALL
from packager.manifest.slice_baselines import KnownMetric, SliceBaselines, SliceEstimates
from packager.report.evaluation import as_json, as_text
from packager.run.output_scores import OUTPUT_MEASURES
from packager.run.paired_evaluation import compare_scores
from packager.run.since_build import since_build

ACCURACY, ERROR = OUTPUT_MEASURES["label"], OUTPUT_MEASURES["number"]


def built(metric: str, value: float, variance: float | None, **more: float) -> SliceBaselines:
    known = KnownMetric(
        value=value, variance=variance, rows=500, degrees=499, share=metric == "accuracy"
    )
    part = SliceEstimates(rows=500, metrics={metric: known})
    return SliceBaselines(slices={ALL: part}, **more)


def right(share: float, rows: int = 1_000) -> np.ndarray:
    return (np.arange(rows) < share * rows).astype(float)


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.7, "worse"), (0.8, "as when built"), (0.9, "better")]
)
def test_accuracy_is_compared_as_two_samples(share: float, verdict: str) -> None:
    found = since_build(right(share), ACCURACY, "accuracy", built("accuracy", 0.8, 0.16 / 499))
    assert found is not None
    assert (found.now, found.built, found.verdict) == (share, 0.8, verdict)
    assert (found.low <= 0 <= found.high) is (verdict == "as when built")


def test_errors_are_those_of_welch_and_a_smaller_one_is_better() -> None:
    draw = np.random.default_rng(0)
    before, now = draw.gamma(2, 1, 500), draw.gamma(2, 1.2, 1_000)
    known = built("mae", before.mean(), before.var(ddof=1) / 500)
    found = since_build(-now, ERROR, "mae", known)
    assert found is not None
    assert found.p == pytest.approx(stats.ttest_ind(now, before, equal_var=False).pvalue)
    assert found.verdict == "worse"
    other = since_build(-now / 2, ERROR, "mae", known)
    assert other is not None
    assert other.verdict == "better"


def test_dependent_rows_say_less() -> None:
    known = built("accuracy", 0.8, 0.16 / 499, design_effect=50.0)
    found = since_build(right(0.7), ACCURACY, "accuracy", known)
    assert found is not None
    assert found.verdict == "as when built"


@pytest.mark.parametrize(
    ("rows", "known"),
    [
        (3, built("accuracy", 0.8, 0.01)),
        (100, built("accuracy", 0.8, None)),
        (100, built("mae", 0.8, 0.1)),
        (100, SliceBaselines()),
    ],
)
def test_what_is_not_known_is_not_said(rows: int, known: SliceBaselines) -> None:
    assert since_build(right(0.5, rows), ACCURACY, "accuracy", known) is None


def test_the_report_says_it_for_each_package() -> None:
    scores = right(0.7), right(0.95)
    known = built("accuracy", 0.8, 0.16 / 499)
    one, other = (since_build(own, ACCURACY, "accuracy", known) for own in scores)
    found = replace(compare_scores({ALL: scores}, ACCURACY, {}), since_build=(one, other))
    text = as_text(found)
    assert "the first is worse than when built: accuracy 0.7000, 0.8000 on its held-out" in text
    assert "the second is better than when built: accuracy 0.9500" in text
    assert text.count("was it trained on these rows, or are they easier?") == 1
    assert [one["verdict"] for one in as_json(found)["since_build"]] == ["worse", "better"]
    unknown = compare_scores({ALL: scores}, ACCURACY, {})
    assert "built" not in as_text(unknown)
    assert as_json(unknown)["since_build"] == [None, None]
