"""IAM policies: what the endpoint's role may do, who may take it, and what deploys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from packager.deploy.sagemaker.endpoint import VARIANT, SagemakerEndpoint

VERSION = "2012-10-17"
"""Of IAM's policy language."""
LOGS = "/aws/sagemaker/Endpoints"
METRICS = "/aws/sagemaker/Endpoints"
SERVICE = "sagemaker.amazonaws.com"
SCALING_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"


def execution_policy(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """The role of the endpoint: pull one repository, write its logs and metrics. No bucket."""
    image = endpoint.image
    repository = (
        f"arn:{endpoint.role.partition}:ecr:{image.region}:{image.account}"
        f":repository/{image.repository}"
    )
    logs = (
        f"arn:{endpoint.role.partition}:logs:{image.region}:{endpoint.role.account}"
        f":log-group:{LOGS}/{endpoint.name}"
    )
    return _policy(
        _allow(
            "PullTheImage",
            (
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ),
            repository,
        ),
        # This action has no resources.
        _allow("LogInToTheRegistry", ("ecr:GetAuthorizationToken",), "*"),
        _allow(
            "WriteLogs",
            (
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ),
            logs,
            f"{logs}:*",
        ),
        _if(
            _allow("WriteMetrics", ("cloudwatch:PutMetricData",), "*"),
            {"cloudwatch:namespace": METRICS},
        ),
    )


def trust_policy(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """The trust policy of the role: SageMaker may take it, for this account."""
    return _policy(
        {
            "Sid": "SageMakerTakesTheRole",
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": endpoint.role.account}},
        }
    )


def deployer_policy(endpoint: SagemakerEndpoint) -> dict[str, Any]:
    """Permissions for the calls of ``deploy.sh``, on the objects of this model only."""
    name = endpoint.name
    arns = [
        endpoint.sagemaker_arn(f"{kind}/{name}{rest}")
        for kind, rest in (("model", "-*"), ("endpoint-config", "-*"), ("endpoint", ""))
    ]
    return _policy(
        _allow(
            "MakeTheEndpoint",
            (
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:CreateModel",
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:UpdateEndpoint",
                "sagemaker:UpdateEndpointWeightsAndCapacities",
            ),
            *arns,
        ),
        # These actions have no resources.
        _allow(
            "SeeWhatIsThere",
            (
                "cloudwatch:DescribeAlarms",
                "sagemaker:ListEndpointConfigs",
                "sagemaker:ListEndpoints",
                "sagemaker:ListModels",
            ),
            "*",
        ),
        *_alarms(endpoint),
        _if(
            _allow("MakeTheRoleOfScaling", ("iam:CreateServiceLinkedRole",), "*"),
            {"iam:AWSServiceName": SCALING_SERVICE},
        ),
        _if(
            _allow("GiveTheRole", ("iam:PassRole",), endpoint.role.text),
            {"iam:PassedToService": SERVICE},
        ),
    )


def _alarms(endpoint: SagemakerEndpoint) -> list[dict[str, Any]]:
    """Rights on the alarms and on autoscaling."""
    location = f"{endpoint.image.region}:{endpoint.role.account}"
    arn = f"arn:{endpoint.role.partition}:cloudwatch:{location}:alarm:"
    alarms = [f"{arn}{alarm}" for alarm in endpoint.alarm_names.values()]
    scaling = (
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:RegisterScalableTarget",
    )
    return [
        _allow("MakeTheAlarms", ("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"), *alarms),
        # Application Auto Scaling makes its alarms with the rights of the caller.
        _allow(
            "MakeTheAlarmsOfScaling",
            ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
            f"{arn}TargetTracking-endpoint/{endpoint.name}/variant/{VARIANT}-*",
        ),
        _if(
            _allow("ScaleTheEndpoint", scaling, "*"),
            {"application-autoscaling:service-namespace": "sagemaker"},
        ),
    ]


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": list(statements)}


def _allow(sid: str, actions: Sequence[str], *resources: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _if(statement: dict[str, Any], equal: dict[str, str]) -> dict[str, Any]:
    return {**statement, "Condition": {"StringEquals": equal}}
