from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_models import MODEL, Packaged, contents

from packager.deploy.folder_target import KSERVE, target_of
from packager.deploy.kserve.deploy import KserveResult, deploy_kserve, remove_kserve
from packager.deploy.kubernetes.deploy import ClusterOptions
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.errors import UsageError

pytestmark = pytest.mark.slow

NEW = replace(MODEL, version="2.0.0-abc")


def written(
    target: Path,
    model: MonitoredModel = MODEL,
    image: str = "a",
    canary: int | None = None,
    keys: bool = False,
    grpc: bool = False,
) -> KserveResult:
    package: Any = Packaged(model, "shop", grpc=grpc)
    options = ClusterOptions.parse(f"host/shop@sha256:{image * 64}", "", (), keys=keys)
    return deploy_kserve(package, target, options, Objectives(), AlertOptions(), canary)


def service(target: Path) -> Any:
    return yaml.safe_load((target / MODEL.name / "base/inference-service.yaml").read_text())["spec"]


def test_a_canary_is_promoted_or_taken_away(tmp_path: Path) -> None:
    written(tmp_path)
    alone = contents(tmp_path)
    written(tmp_path, NEW, "b", canary=25)
    (canary,) = service(tmp_path)["canary"]
    assert canary["trafficPercent"] == 25
    assert canary["predictor"]["containers"][0]["image"].endswith("b" * 64)
    assert service(tmp_path)["predictor"]["containers"][0]["image"].endswith("a" * 64)
    written(tmp_path)
    assert contents(tmp_path) == alone
    written(tmp_path, NEW, "b", canary=25)
    written(tmp_path, NEW, "b")
    promoted = service(tmp_path)
    assert "canary" not in promoted
    assert promoted["predictor"]["name"] == canary["predictor"]["name"]
    assert promoted["predictor"]["containers"] == canary["predictor"]["containers"]


def test_a_port_for_grpc_is_opened_where_a_version_has_one(tmp_path: Path) -> None:
    policy = tmp_path / MODEL.name / "base/network-policy.yaml"
    written(tmp_path)
    assert "grpc" not in policy.read_text()
    written(tmp_path, NEW, "b", canary=25, grpc=True)
    stable, (canary,) = service(tmp_path)["predictor"], service(tmp_path)["canary"]
    http = {"name": "http", "containerPort": 3000}
    assert stable["containers"][0]["ports"] == [http]
    both = [http, {"name": "grpc", "containerPort": 3001}]
    assert canary["predictor"]["containers"][0]["ports"] == both
    assert "port: grpc" in policy.read_text()


def test_a_refused_canary_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--canary"):
        written(tmp_path / "new", NEW, "b", canary=10)
    assert not (tmp_path / "new").exists()
    written(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="--canary"):
        written(tmp_path, MODEL, "a", canary=10)
    assert contents(tmp_path) == before


def test_models_share_a_folder_and_each_is_removed(tmp_path: Path) -> None:
    written(tmp_path)
    alone = contents(tmp_path)
    written(tmp_path, replace(MODEL, name="other"))
    assert target_of(tmp_path) == KSERVE
    remove_kserve("other", tmp_path)
    assert contents(tmp_path) == alone
    with pytest.raises(UsageError, match="expected one of the models diamonds-cut, got 'other'"):
        remove_kserve("other", tmp_path)
    remove_kserve(MODEL.name, tmp_path)
    with pytest.raises(UsageError, match="expected one of the models none, got 'other'"):
        remove_kserve("other", tmp_path)


def test_a_file_that_the_user_changed_is_kept_and_named(tmp_path: Path) -> None:
    written(tmp_path)
    file = tmp_path / MODEL.name / "overlays/prod/kustomization.yaml"
    file.write_text(file.read_text().replace("models-prod", "shop"))
    done = written(tmp_path, NEW, "b")
    assert done.changed == (f"{MODEL.name}/overlays/prod/kustomization.yaml",)
    assert "namespace: shop" in file.read_text()


def test_a_model_whose_name_begins_with_a_digit_gets_a_name_with_a_letter(tmp_path: Path) -> None:
    done = written(tmp_path, replace(MODEL, name="3d.parts"))
    assert done.folder.startswith("m-3d-parts-")


def test_servers_that_required_keys_go_on_to(tmp_path: Path) -> None:
    written(tmp_path, keys=True)
    written(tmp_path, NEW, "b", canary=5)
    made = service(tmp_path)
    for predictor in (made["predictor"], made["canary"][0]["predictor"]):
        names = {one["name"] for one in predictor["containers"][0]["env"]}
        assert "MODEL_API_KEYS_FILE" in names
