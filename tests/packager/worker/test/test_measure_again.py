"""Another [test] needs no training: the statistics are those that a training would give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from judged_packages import SURE, sizes
from worker_projects import RECIPE, Project

from packager.manifest.policy import Policy
from packager.model.paths import Root
from packager.worker.test.measure_again import measure_again


@pytest.mark.slow
def test_measured_again_the_bytes_are_those_of_a_training(tmp_path: Path) -> None:
    project = Project(Root(tmp_path / "root"), tmp_path / "out")
    project.code(train=SURE)
    project.data(sizes(800, 1).assign(shop=lambda one: one["id"] // 4))
    job = project.job(
        recipe=RECIPE, exclude=("id", "shop"), slices_columns=("color",), query_model=True
    )
    policy = {"groups": ["shop"], "fairness": {"columns": ["color"]}}
    changed = job.model_copy(update={"test": Policy.model_validate(policy)})
    result = project.train_here(changed)
    wanted = {name: (project.out / name).read_bytes() for name in ("baseline.json", "weak.json")}
    shutil.rmtree(project.out)
    project.package(job, project.train_here(job))
    assert (project.out / "baseline.json").read_bytes() != wanted["baseline.json"]
    for name in ("result.json", "profile.json"):
        shutil.copyfile(project.out / name, project.root.package / name)
    again = tmp_path / "again"
    again.mkdir()
    measure_again(changed, project.root, again)
    assert {name: (again / name).read_bytes() for name in wanted} == wanted
    assert result.schema_.features
