from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_models import MODEL, Packaged, contents, deployed

from packager.deploy.folder_target import KUBERNETES, target_of
from packager.deploy.kubernetes.deploy import (
    ClusterOptions,
    KubernetesResult,
    deploy_kubernetes,
    remove_kubernetes,
)
from packager.deploy.monitoring import model_rules
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.errors import UsageError

IMAGE = f"registry.local:5000/team/shop@sha256:{'a' * 64}"


def parsed(image: str = IMAGE, redis: str = "", *labels: str) -> ClusterOptions:
    return ClusterOptions.parse(image, redis, labels, keys=False)


@pytest.mark.parametrize("image", ["shop", "shop:1", "shop:latest", "shop@sha256:12", ""])
def test_an_image_without_a_digest_is_refused(image: str) -> None:
    with pytest.raises(UsageError, match="--image: expected HOST/NAME@sha256") as raised:
        parsed(image)
    assert "a tag may name another image tomorrow" in (raised.value.hint or "")


@pytest.mark.parametrize("redis", ["store", "http://store", "redis://"])
def test_another_address_than_redis_is_refused(redis: str) -> None:
    with pytest.raises(UsageError, match="--redis: expected redis://HOST"):
        parsed(IMAGE, redis)


def test_a_password_of_redis_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError, match="without a password") as raised:
        parsed(IMAGE, "redis://user:hunter2@store:6379/0")
    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize("label", ["release", "=x", "release=", "a b=c", "a=b c", f"a={'b' * 64}"])
def test_what_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(UsageError, match="--monitor-label: expected NAME=VALUE"):
        parsed(IMAGE, "", label)


def test_only_the_monitors_can_be_left_out() -> None:
    left_out = ClusterOptions.parse(IMAGE, "", (), keys=False, left_out=["monitors"])
    assert (left_out.monitors, parsed().monitors) == (False, True)
    with pytest.raises(UsageError, match=r"^--without: expected monitors, got 'redis'"):
        ClusterOptions.parse(IMAGE, "", (), keys=False, left_out=["redis"])


def test_labels_are_pairs() -> None:
    assert parsed(IMAGE, "", "release=prom", "a.b/c=d").monitor_labels == {
        "release": "prom",
        "a.b/c": "d",
    }


def written(
    target: Path, model: MonitoredModel = MODEL, *, keys: bool = False, **changes: Any
) -> KubernetesResult:
    package: Any = Packaged(model, "shop")
    cluster = replace(parsed(), keys=keys, **changes)
    return deploy_kubernetes(package, target, cluster, Objectives(), AlertOptions())


@pytest.mark.slow
def test_models_share_a_folder_and_another_version_replaces_one(tmp_path: Path) -> None:
    done = written(tmp_path)
    assert done.folder == MODEL.name
    assert {name.partition("/")[0] for name in contents(tmp_path)} == {MODEL.name, ".files.json"}
    other = replace(MODEL, name="other.model")
    written(tmp_path, other)
    both = contents(tmp_path)
    written(tmp_path, replace(MODEL, version="2.0.0-abc"))
    after = contents(tmp_path)
    differing = {name for name in both if both[name] != after.get(name)} - {".files.json"}
    assert both.keys() == after.keys()
    assert {name.partition("/")[0] for name in differing} == {MODEL.name}
    assert b"2.0.0-abc" in after[f"{MODEL.name}/base/deployment.yaml"]
    written(tmp_path)
    assert contents(tmp_path) == both


def test_the_rules_are_those_of_deploy_monitoring(tmp_path: Path) -> None:
    written(tmp_path)
    rule = yaml.safe_load((tmp_path / MODEL.name / "base/rules.yaml").read_text())
    assert rule["spec"] == model_rules(replace(MODEL, objectives=Objectives()))


def test_a_model_is_removed_and_the_others_stay(tmp_path: Path) -> None:
    written(tmp_path)
    alone = contents(tmp_path)
    written(tmp_path, replace(MODEL, name="other"))
    assert target_of(tmp_path) == KUBERNETES
    remove_kubernetes("other", tmp_path)
    assert contents(tmp_path) == alone
    with pytest.raises(UsageError, match="expected one of the models diamonds-cut, got 'other'"):
        remove_kubernetes("other", tmp_path)


def test_a_folder_of_another_target_is_refused_and_stays(tmp_path: Path) -> None:
    deployed(tmp_path)
    before = contents(tmp_path)
    told = "expected a folder of `deploy kubernetes`, got one of `deploy compose`"
    with pytest.raises(UsageError, match=told):
        written(tmp_path)
    assert contents(tmp_path) == before


def test_a_file_that_the_user_changed_is_kept_and_named(tmp_path: Path) -> None:
    written(tmp_path)
    file = tmp_path / MODEL.name / "overlays/prod/kustomization.yaml"
    file.write_text(file.read_text().replace("models-prod", "shop"))
    done = written(tmp_path, replace(MODEL, version="2.0.0-abc"))
    assert done.changed == (f"{MODEL.name}/overlays/prod/kustomization.yaml",)
    assert "namespace: shop" in file.read_text()


@pytest.mark.slow
def test_a_server_that_required_keys_goes_on_to_until_it_is_removed(tmp_path: Path) -> None:
    def keyed() -> bool:
        file = tmp_path / MODEL.name / "base/deployment.yaml"
        return "MODEL_API_KEYS_FILE" in file.read_text()

    written(tmp_path, keys=True)
    written(tmp_path, replace(MODEL, version="2.0.0-abc"))
    assert keyed()
    written(tmp_path, replace(MODEL, name="other"))
    remove_kubernetes(MODEL.name, tmp_path)
    written(tmp_path)
    assert not keyed()


TRACKER = f"h/package-issues@sha256:{'1' * 64}"


def kinds(target: Path) -> set[str]:
    """The models whose kinds of issues the tracker reads."""
    base = yaml.safe_load((target / "_issues/base/kustomization.yaml").read_text())
    files = {file for one in base["configMapGenerator"] for file in one["files"]}
    assert all((target / "_issues/base" / file).is_file() for file in files)
    return {Path(file).stem for file in files}


def test_the_tracker_knows_all_models_of_the_folder_and_stays_until_it_is_left_out(
    tmp_path: Path,
) -> None:
    written(tmp_path, tracker=True, pins={"tracker": TRACKER})
    alone = contents(tmp_path)
    assert TRACKER in (tmp_path / "_issues/base/stateful-set.yaml").read_text()
    written(tmp_path, replace(MODEL, name="other"))
    assert kinds(tmp_path) == {MODEL.name, "other"}
    remove_kubernetes("other", tmp_path)
    assert contents(tmp_path) == alone
    written(tmp_path, tracker=False)
    assert not [path for path in contents(tmp_path) if path.startswith("_issues/")]
    written(tmp_path)
    assert "_issues" not in str(contents(tmp_path).keys())


def test_a_tracker_needs_its_image_and_is_the_only_part_to_add() -> None:
    with pytest.raises(UsageError, match=r"^--with tracker: expected its image, got none") as told:
        parsed().with_parts(["tracker"], [], "", "day")
    assert "--pin tracker=NAME@sha256:…" in (told.value.hint or "")
    with pytest.raises(UsageError, match=r"^--with: expected tracker, got 'grafana'"):
        parsed().with_parts(["grafana"], [], "", "day")
    with pytest.raises(UsageError, match=r"^tracker is in both --with and --without"):
        parsed().with_parts(["tracker"], ["tracker"], "", "day")
    pinned = ClusterOptions.parse(IMAGE, "", (), keys=False, pins={"tracker": TRACKER})
    with pytest.raises(UsageError, match=r"^--pin tracker: expected --with tracker with it, got"):
        pinned.with_parts([], [], "", "day")
    assert pinned.with_parts(["tracker"], [], "", "day").tracker is True


def test_the_image_of_a_schedule_has_a_digest() -> None:
    with pytest.raises(
        UsageError, match=r"^--companion: expected HOST/NAME@sha256:…, got 'shop:1'"
    ):
        parsed().with_parts([], [], "shop:1", "day")
