from __future__ import annotations

from dataclasses import replace

from sagemaker_samples import ENDPOINT

from packager.deploy.prometheus.rules import Objectives
from packager.deploy.sagemaker.scaling import (
    error_alarm,
    latency_alarm,
    scaling_policy,
    scaling_target,
)

STRICT = replace(
    ENDPOINT, objectives=Objectives(latency_seconds=0.25, latency_share=0.95, success_share=0.99)
)


def test_alarms_have_the_bounds_of_the_objectives() -> None:
    slow = latency_alarm(STRICT)
    assert (slow["ExtendedStatistic"], slow["Threshold"]) == ("p95", 250_000)
    assert error_alarm(STRICT)["Threshold"] == 10.0
    none = replace(STRICT, objectives=Objectives(success_share=0.5))
    assert error_alarm(none)["Threshold"] == 100.0


def test_an_update_names_the_alarms_that_are_made() -> None:
    made = {error_alarm(ENDPOINT)["AlarmName"], latency_alarm(ENDPOINT)["AlarmName"]}
    rolled = ENDPOINT.update_request()["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert made == {one["AlarmName"] for one in rolled}


def test_alarms_look_at_the_variant_and_at_no_other_endpoint() -> None:
    names = [latency_alarm(ENDPOINT)["Dimensions"]]
    names += [
        one["MetricStat"]["Metric"]["Dimensions"]
        for one in error_alarm(ENDPOINT)["Metrics"]
        if "MetricStat" in one
    ]
    for dimensions in names:
        assert {one["Name"]: one["Value"] for one in dimensions} == {
            "EndpointName": "shop",
            "VariantName": "live",
        }


def test_without_requests_no_alarm_fires_and_a_topic_hears_of_one() -> None:
    for alarm in (error_alarm(ENDPOINT), latency_alarm(ENDPOINT)):
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "AlarmActions" not in alarm
    topic = "arn:aws:sns:eu-west-1:123456789012:people"
    assert error_alarm(replace(ENDPOINT, topic=topic))["AlarmActions"] == [topic]


def test_autoscaling_goes_from_the_fewest_to_the_most_instances() -> None:
    target = scaling_target(ENDPOINT)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
    policy = scaling_policy(ENDPOINT)
    assert policy["ResourceId"] == target["ResourceId"] == "endpoint/shop/variant/live"
    wanted = policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    assert wanted == 4200  # 70 % of what an instance answers
