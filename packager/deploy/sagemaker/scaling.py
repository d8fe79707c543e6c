"""Alarms that roll an update back, and autoscaling of the endpoint's instances."""

from __future__ import annotations

from typing import Any

from packager.deploy.sagemaker.endpoint import VARIANT, SagemakerEndpoint

NAMESPACE = "AWS/SageMaker"
PERIOD_SECONDS = 60
PERIODS, BREACHING = 5, 3
"""An alarm fires if the bound is exceeded in so many of the last minutes."""
ERROR_FACTOR = 10
"""Server errors alarm at this multiple of the share that the objective allows."""
BUSY_SHARE = 0.7
"""Autoscaling aims at this share of the requests that an instance answers."""
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def error_alarm(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """Of PutMetricAlarm: percent of the requests with a server error."""
    share = "IF(requests > 0, 100 * errors / requests, 0)"
    percent = 100 * (1 - endpoint.objectives.success_share) * ERROR_FACTOR
    return {
        **_alarm(endpoint, "errors", "Server errors, in percent of the requests"),
        "Metrics": [
            {"Id": "share", "Expression": share, "Label": "server errors, %", "ReturnData": True},
            _sum(endpoint, "errors", "Invocation5XXErrors"),
            _sum(endpoint, "requests", "Invocations"),
        ],
        "Threshold": round(min(percent, 100.0), 3),
    }


def latency_alarm(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """Of PutMetricAlarm: the latency within which the objective's share of answers is."""
    percentile = f"p{round(100 * endpoint.objectives.latency_share, 3):g}"
    return {
        **_alarm(endpoint, "latency", f"Latency of the container, {percentile}, in microseconds"),
        "Namespace": NAMESPACE,
        "MetricName": "ModelLatency",
        "Dimensions": _dimensions(endpoint),
        "ExtendedStatistic": percentile,
        "EvaluateLowSampleCountPercentile": "ignore",
        "Period": PERIOD_SECONDS,
        "Threshold": round(endpoint.objectives.latency_seconds * 1e6),
    }


def _alarm(endpoint: SagemakerEndpoint, kind: str, description: str) -> dict[str, Any]:
    actions = {"AlarmActions": [endpoint.topic], "OKActions": [endpoint.topic]}
    return {
        "AlarmName": endpoint.alarm_names[kind],
        "AlarmDescription": f"{description}; an update of {endpoint.name} is rolled back",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": PERIODS,
        "DatapointsToAlarm": BREACHING,
        "TreatMissingData": "notBreaching",
        **(actions if endpoint.topic else {}),
        "Tags": endpoint.tags[:1],
    }


def _dimensions(endpoint: SagemakerEndpoint) -> list[dict[str, str]]:
    return [
        {"Name": "EndpointName", "Value": endpoint.name},
        {"Name": "VariantName", "Value": VARIANT},
    ]


def _sum(endpoint: SagemakerEndpoint, name: str, metric: str) -> dict[str, Any]:
    dimensions = _dimensions(endpoint)
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
            "Period": PERIOD_SECONDS,
            "Stat": "Sum",
        },
        "ReturnData": False,
    }


def scaling_target(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """Of RegisterScalableTarget: fewest and most instances."""
    return {
        **_variant(endpoint),
        "MinCapacity": endpoint.instances,
        "MaxCapacity": endpoint.most_instances,
    }


def scaling_policy(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """Of PutScalingPolicy: more instances after a minute, fewer after ten."""
    return {
        "PolicyName": endpoint.name,
        **_variant(endpoint),
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": round(endpoint.requests_per_minute * BUSY_SHARE),
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 600,
        },
    }


def _variant(endpoint: SagemakerEndpoint) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint.name}/variant/{VARIANT}",
        "ScalableDimension": DIMENSION,
    }
