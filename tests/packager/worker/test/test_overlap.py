"""Rows that the model was trained on."""

from __future__ import annotations

import pandas as pd
import pytest
from judged_packages import check, judge_on, packaged, sizes
from worker_projects import Project


@pytest.mark.slow
def test_rows_of_the_training_are_left_out_of_quality(package: Project) -> None:
    frame = pd.concat([sizes(4_000, 1), sizes(1_000, 11)], ignore_index=True)
    report = judge_on(package, frame)
    found = check(report, "suspects", "rows of the training")
    assert found.verdict == "warned"
    assert found.now == pytest.approx(0.4, abs=0.02)  # half of the 4,000 were held out
    assert report.labelled_rows == pytest.approx(3_000, abs=60)


@pytest.mark.slow
def test_fresh_rows_of_few_different_values_are_no_finding(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def rounded(rows: int, seed: int) -> pd.DataFrame:
        frame = sizes(rows, seed)
        return frame.assign(size=frame["size"].round(2))

    project = packaged(tmp_path_factory.mktemp("rounded"), frame=rounded(1_000, 1))
    found = check(judge_on(project, rounded(800, 2)), "suspects", "rows of the training")
    assert found.verdict == "passed"
    assert found.now == pytest.approx(found.baseline, abs=0.1)
    mixed = pd.concat([rounded(1_000, 1).iloc[:600], rounded(400, 3)], ignore_index=True)
    assert check(judge_on(project, mixed), "suspects", "rows of the training").verdict == "warned"
