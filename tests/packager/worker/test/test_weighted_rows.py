"""Labels of rows that were chosen with known probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project


@pytest.mark.slow
def test_chosen_labels_count_as_the_rows_that_they_stand_for(package: Project) -> None:
    frame = sizes(6_000, 13)
    draw = np.random.default_rng(1)
    chance = np.where((frame["size"] - 5).abs() < 1, 0.9, 0.25)  # uncertain rows are labelled more
    labels = frame[["id", "label"]].assign(selection_probability=chance)[
        draw.random(6_000) < chance
    ]
    whole = check(judge_on(package, frame), "quality", "accuracy").now
    plain = judge_on(
        package, frame.drop(columns="label"), labels.drop(columns="selection_probability")
    )
    weighted = judge_on(package, frame.drop(columns="label"), labels)
    assert whole is not None
    biased, fair = (check(one, "quality", "accuracy").now for one in (plain, weighted))
    assert biased is not None
    assert biased < whole - 0.04
    assert fair == pytest.approx(whole, abs=0.02)


@pytest.mark.slow
def test_what_confidence_expects_takes_variance_off(package: Project) -> None:
    frame = sizes(4_000, 18)
    draw = np.random.default_rng(2)
    sure = 1 / (1 + np.exp(-(frame["size"] - 5).abs()))
    chance = np.clip(2 * (1 - sure), 0.1, 1).to_numpy()
    chance = chance * (300 / chance.sum())
    labels = frame[["id", "label"]].assign(selection_probability=chance)[
        draw.random(4_000) < chance
    ]
    report = judge_on(package, frame.drop(columns="label"), labels)
    assert 200 < report.labelled_rows < 400  # fewer than [test] rows, and judged
    found = check(report, "quality", "accuracy")
    whole = check(judge_on(package, frame), "quality", "accuracy")
    assert found.now == pytest.approx(whole.now, abs=4 * (found.error or 0))
    assert found.verdict != "failed"
