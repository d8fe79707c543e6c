"""A process that has not run the recipe reads and fingerprints the data again."""

from __future__ import annotations

import pandas as pd
from worker_projects import FOREST, Project

from packager.worker.replay.remeasure import read_again


def test_the_same_rows_have_the_same_fingerprint_and_split(project: Project, rows: pd.DataFrame):
    project.code(train=FOREST)
    project.data(rows)
    job = project.job(slices_rules={"large": "size >= 8"})
    one, two = read_again(job, project.root), read_again(job, project.root)
    assert one.fingerprint == two.fingerprint
    pd.testing.assert_frame_equal(one.dataset.test, two.dataset.test)
    assert one.masks["large"].tolist() == (one.dataset.test["size"] >= 8).tolist()


def test_one_other_cell_or_order_is_another_fingerprint(project: Project, rows: pd.DataFrame):
    project.code(train=FOREST)
    project.data(rows)
    job = project.job()
    before = read_again(job, project.root).fingerprint
    changed = rows.copy()
    changed.loc[0, "size"] += 1
    for other in (changed, rows.iloc[::-1], rows.iloc[1:]):
        project.data(other)
        assert read_again(job, project.root).fingerprint != before
