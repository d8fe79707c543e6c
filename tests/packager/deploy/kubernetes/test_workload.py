from __future__ import annotations

import re
from dataclasses import replace

import pytest
from cluster_samples import WORK, check_schema, unrestricted
from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.kubernetes.network import policies
from packager.deploy.kubernetes.workload import (
    DRAIN_SECONDS,
    GRACE_SECONDS,
    autoscaler,
    deployment,
    disruption_budget,
    pod,
    service,
)
from packager.deploy.proxy import CHECKED, proxy_head


@pytest.mark.parametrize("make", [deployment, service, autoscaler, disruption_budget])
@pytest.mark.parametrize("keys", [False, True])
def test_every_object_fits_its_schema(make, keys: bool) -> None:
    check_schema(make(replace(WORK, keys=keys)))


def test_grpc_has_a_port_of_its_own() -> None:
    work = replace(WORK, grpc=True)
    ports = service(work)["spec"]["ports"]
    assert [(one["name"], one["port"], one["targetPort"]) for one in ports] == [
        ("http", 80, "http"),
        ("grpc", 3001, "grpc"),
    ]
    (one,) = deployment(work)["spec"]["template"]["spec"]["containers"]
    assert [port["containerPort"] for port in one["ports"]] == [3000, 3001]
    [rule] = policies(work)[0]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == ["http", "grpc"]
    check_schema(service(work))
    assert len(service(WORK)["spec"]["ports"]) == 1


def test_the_pod_satisfies_the_restricted_standard() -> None:
    assert unrestricted(pod(WORK)) == []
    assert unrestricted({**pod(WORK), "hostNetwork": True}) == ["hostNetwork"]


def test_a_rollout_ends_no_replica_before_another_is_ready() -> None:
    spec = deployment(WORK)["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in spec  # applying the file again must not undo the autoscaler
    (one,) = spec["template"]["spec"]["containers"]
    assert one["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert one["livenessProbe"]["httpGet"]["path"] == "/livez"  # a draining pod is not ready
    assert one["lifecycle"] == {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}}
    assert GRACE_SECONDS >= 30 + DRAIN_SECONDS


def test_a_busy_pod_stays_as_long_as_a_busy_replica_behind_a_proxy() -> None:
    (one,) = pod(WORK)["containers"]
    seconds = re.search(r"timeout check (\d+)s", proxy_head())
    failures = re.search(r"fall (\d+)", CHECKED)
    assert seconds is not None
    assert failures is not None
    asked = one["readinessProbe"]
    assert asked["timeoutSeconds"] == int(seconds[1])
    assert asked["failureThreshold"] == int(failures[1])


def test_the_version_is_in_no_selector() -> None:
    spec = deployment(WORK)["spec"]
    assert spec["template"]["metadata"]["labels"]["app.kubernetes.io/version"] == WORK.version
    selectors = [spec["selector"]["matchLabels"], service(WORK)["spec"]["selector"]]
    assert all(WORK.version not in one.values() for one in selectors)


def test_memory_is_limited_and_the_processor_is_not() -> None:
    (one,) = pod(WORK)["containers"]
    assert one["resources"]["limits"] == {"memory": "1024Mi"}
    assert one["resources"]["requests"] == {"cpu": "1000m", "memory": "1024Mi"}


def test_secrets_are_files_of_the_group_and_no_variable_has_one() -> None:
    made = pod(replace(WORK, keys=True))
    secrets = [one["secret"] for one in made["volumes"] if "secret" in one]
    assert {one["defaultMode"] for one in secrets} == {0o440}
    assert made["enableServiceLinks"] is False
    variables = {one["name"]: one["value"] for one in made["containers"][0]["env"]}
    assert variables["MODEL_API_KEYS_FILE"] == "/run/keys/api.keys"
    assert variables["MODEL_FEEDBACK_STORE"] == "redis://shop-redis:6379/0"


@given(st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", fullmatch=True))
def test_any_name_of_a_model_gives_a_name_of_kubernetes(name: str) -> None:
    made = replace(WORK, model=name).name
    assert len(f"{made}-feedback") <= 63
    assert all(part.isascii() for part in made)
    assert made.strip("-") == made
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_models_with_like_names_get_other_objects() -> None:
    names = {replace(WORK, model=name).name for name in ("a.b", "a_b", "a-b", "a" * 70, "a" * 71)}
    assert len(names) == 5
