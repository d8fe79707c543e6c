from __future__ import annotations

from dataclasses import replace

from cluster_samples import WORK

from packager.deploy.kubernetes.monitors import pod_monitor, prometheus_rule

LABELLED = replace(WORK, model="shop.v2", monitor_labels={"release": "prom"}, keys=True)


def test_every_replica_is_scraped_under_the_job_that_the_rules_name() -> None:
    made = pod_monitor(LABELLED)
    (endpoint,) = made["spec"]["podMetricsEndpoints"]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "shop.v2"}]
    assert endpoint["authorization"]["credentials"]["name"] == f"{LABELLED.name}-scrape"
    assert made["spec"]["selector"]["matchLabels"] == LABELLED.selector
    assert "authorization" not in pod_monitor(WORK)["spec"]["podMetricsEndpoints"][0]


def test_the_operator_finds_both_by_the_given_labels() -> None:
    rules = {"groups": [{"name": "a", "rules": []}]}
    for made in (pod_monitor(LABELLED), prometheus_rule(LABELLED, rules)):
        assert made["metadata"]["labels"]["release"] == "prom"
    assert prometheus_rule(WORK, rules)["spec"] == rules
