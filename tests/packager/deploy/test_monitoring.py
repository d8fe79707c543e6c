"""``package deploy monitoring``: the files of several models in one folder, and no servers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from deployed_models import MODEL, Packaged, contents, deployed

from packager.deploy.monitoring import (
    FLEET_DASHBOARD,
    MonitoringResult,
    deploy_monitoring,
    own_paths,
    remove_monitoring,
    replica_mib,
    service_files,
)
from packager.deploy.prometheus.rules import MonitoredModel, Objectives
from packager.errors import PackageError, UsageError

PRICES = replace(MODEL, name="prices")


def watched(
    out: Path, model: MonitoredModel = MODEL, objectives: Objectives = Objectives()
) -> MonitoringResult:
    package: Any = Packaged(model, "shop:1")
    return deploy_monitoring(package, out, objectives)


def test_rules_tests_dashboard_and_kinds_of_issues_are_written_and_nothing_that_runs(
    tmp_path: Path,
) -> None:
    done = watched(tmp_path / "out")
    assert set(done.files) == {*own_paths(MODEL.name), *service_files(), FLEET_DASHBOARD}
    assert set(contents(tmp_path / "out")) == {*done.files, ".files.json"}


@pytest.mark.slow
def test_models_join_a_folder_and_leave_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    watched(out)
    alone = contents(out)
    assert watched(out, PRICES).models == (MODEL.name, "prices")
    both = contents(out)
    assert {path: both[path] for path in own_paths(MODEL.name)} == {
        path: alone[path] for path in own_paths(MODEL.name)
    }
    assert remove_monitoring("prices", out).models == (MODEL.name,)
    assert contents(out) == alone
    with pytest.raises(UsageError, match="expected a model of this folder, got 'prices'") as told:
        remove_monitoring("prices", out)
    assert told.value.hint == f"known: {MODEL.name}"


@pytest.mark.slow
def test_a_changed_file_of_another_model_is_no_obstacle(tmp_path: Path) -> None:
    out = tmp_path / "out"
    watched(out)
    rules = out / f"prometheus/rules/{MODEL.name}.yml"
    rules.write_text("mine")
    assert watched(out, PRICES).changed == ()
    with pytest.raises(UsageError, match="was changed since it was written"):
        watched(out, objectives=Objectives(latency_seconds=0.5))
    assert watched(out).changed == (f"prometheus/rules/{MODEL.name}.yml",)
    assert rules.read_text() == "mine"


def test_a_folder_of_servers_is_refused_and_stays(tmp_path: Path) -> None:
    deployed(tmp_path / "out")
    before = contents(tmp_path / "out")
    told = "expected a folder of `deploy monitoring`, got one of `deploy compose`"
    with pytest.raises(UsageError, match=told):
        watched(tmp_path / "out")
    assert contents(tmp_path / "out") == before


def test_a_model_that_has_the_name_of_the_tracker_s_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="expected a model with another name than 'issues'"):
        watched(tmp_path / "out", replace(MODEL, name="issues"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("size", "workers", "mib"), [(0, 1, 512), (50 << 20, 2, 1536)])
def test_the_limit_of_a_replica_has_room_for_its_model_and_requests(
    size: int, workers: int, mib: int
) -> None:
    manifest: Any = SimpleNamespace(
        model=[SimpleNamespace(size=size)], serve=SimpleNamespace(workers=workers)
    )
    assert replica_mib(manifest) == mib
