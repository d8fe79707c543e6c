"""Rows that the model was trained on."""

from __future__ import annotations

import pandas as pd
import pytest
from judged_packages import check, judge_on, sizes
from worker_projects import Project


def test_rows_of_the_training_are_left_out_of_quality(package: Project) -> None:
    frame = pd.concat([sizes(4_000, 1), sizes(1_000, 11)], ignore_index=True)
    report = judge_on(package, frame)
    found = check(report, "suspects", "rows of the training")
    assert found.verdict == "warned"
    assert found.now == pytest.approx(0.4, abs=0.02)  # half of the 4,000 were held out
    assert report.labelled_rows == pytest.approx(3_000, abs=60)
