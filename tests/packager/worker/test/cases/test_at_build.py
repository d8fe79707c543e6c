"""The verb ``cases`` in real processes: seven kinds on the held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from judged_packages import SURE, sizes
from worker_projects import RECIPE, Project

from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from packager.manifest.policy import Policy
from packager.model.hosted import ModelHost
from packager.model.integrity import MANIFEST
from packager.model.paths import Root
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.test.cases.at_build import judge_held_out
from packager.worker.test.report import CasesReport
from packager.worker.train.model_queries import BATCHES

CASES: list[Mapping[str, Any]] = [
    {"name": "colour", "kind": "invariance", "change": {"color": "shuffle"}, "slices": True},
    {
        "name": "larger",
        "kind": "directional",
        "change": {"size": "+ 0.5"},
        "expect": "decreases",
        "rows": "where:size < 8",
    },
    {"name": "along", "kind": "monotonic", "column": "size", "expect": "decreases"},
    {"name": "big", "kind": "bounds", "rows": "where:size > 9", "expect": "label:big"},
    {
        "name": "known",
        "kind": "golden",
        "rows": [{"size": 9.0, "color": "red", "label": "big"}],
    },
    {"name": "own", "kind": "metamorphic", "call": "relations:colour", "rows": "sample:50"},
    {
        "name": "enough",
        "kind": "minimum",
        "rows": "file:known.csv",
        "metric": "accuracy",
        "limit": 0.8,
    },
]
RELATIONS = """
    import socket

    def colour(frame, predict):
        return predict(frame) == predict(frame.assign(color="blue"))

    def online(frame, predict):
        socket.create_connection(("127.0.0.1", 9), 0.1)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("cases")
    project = Project(Root(folder / "root"), folder / "out")
    project.code(train=SURE, relations=RELATIONS)
    sizes(200, 2).to_csv(project.root.code / "known.csv", index=False)
    project.data(sizes(1_000, 1))
    job = project.job(
        recipe=RECIPE,
        exclude=("id",),
        slices_columns=("color",),
        split={"test": 0.5, "seed": 1},
        query_model=True,
    )
    result = project.train_here(job)
    project.package(job, result, test=Policy.model_validate({"case": CASES}))
    return project


@pytest.mark.slow
def test_every_kind_is_judged_on_the_held_out_rows(built: Project, tmp_path: Path) -> None:
    report = judge_held_out(built.root, tmp_path)
    assert CasesReport.load(tmp_path / "cases.json") == report
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts.pop("enough") in ("passed", "failed")  # the labels are drawn
    assert set(verdicts.values()) == {"passed"}
    assert {"colour color=red", "colour color=blue"} <= verdicts.keys()
    assert {check.metric for check in report.checks} == {
        *("invariance", "directional", "monotonic", "bounds", "golden", "metamorphic", "accuracy")
    }


@pytest.mark.slow
def test_a_training_says_whether_answers_depend_on_the_batch(built: Project) -> None:
    (check,) = CasesReport.load(built.out / BATCHES).checks
    assert (check.name, check.verdict, check.rows) == ("order and batch size", "passed", 200)


@pytest.mark.slow
def test_the_function_of_a_case_reaches_no_network(built: Project) -> None:
    manifest = Manifest.load(built.root.package / MANIFEST)
    frame = sizes(3, 5)[["size", "color"]]
    with ModelHost(model_host(built.root)) as host:
        model = StoredModel(built.root.models, manifest.serve, manifest.task).load(host)
        assert model.relate("relations:colour", frame) == [True, True, True]
        with pytest.raises(PackageError, match="tried to reach the network"):
            model.relate("relations:online", frame)
