from __future__ import annotations

from dataclasses import replace

import pytest
from cluster_samples import WORK, check_schema, unrestricted

from packager.deploy.kubernetes.network import policies, redis, redis_selector


@pytest.mark.slow
def test_policies_and_redis_fit_their_schemas() -> None:
    for one in (*policies(WORK), *redis(WORK)):
        check_schema(one)


def test_a_model_reaches_names_and_its_labels_only() -> None:
    own, labels = policies(WORK)
    names, store = own["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert store["to"][0]["podSelector"]["matchLabels"] == redis_selector(WORK)
    assert own["spec"]["podSelector"]["matchLabels"] == WORK.selector
    assert labels["spec"]["egress"] == []
    assert labels["spec"]["ingress"][0]["from"] == [{"podSelector": {"matchLabels": WORK.selector}}]


def test_a_model_that_needs_the_network_or_a_redis_elsewhere_reaches_all() -> None:
    for work in (replace(WORK, network=True), replace(WORK, redis="redis://store:6379/0")):
        assert policies(work)[0]["spec"]["egress"] == [{}]
    assert len(policies(replace(WORK, redis="redis://store:6379/0"))) == 1


def test_the_redis_is_no_pod_of_the_model() -> None:
    stateful, address = redis(WORK)
    assert not WORK.selector.items() <= redis_selector(WORK).items()
    assert unrestricted(stateful["spec"]["template"]["spec"]) == []
    assert address["spec"]["selector"] == redis_selector(WORK)
    assert address["metadata"]["name"] in WORK.store
