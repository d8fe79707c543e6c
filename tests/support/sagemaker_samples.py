"""An endpoint of SageMaker, and the operations that its files are requests of."""

from __future__ import annotations

import json
from typing import Any

from packager.deploy.prometheus.rules import Objectives
from packager.deploy.sagemaker.addresses import ImageAddress, RoleAddress
from packager.deploy.sagemaker.deploy import sagemaker_files
from packager.deploy.sagemaker.endpoint import SagemakerEndpoint

IMAGE = f"123456789012.dkr.ecr.eu-west-1.example.com/team/shop@sha256:{'a' * 64}"
ROLE = "arn:aws:iam::210987654321:role/models/shop"
ENDPOINT = SagemakerEndpoint(
    model="shop",
    version="1.0.0-abc",
    image=ImageAddress.parse(IMAGE),
    role=RoleAddress.parse(ROLE),
    objectives=Objectives(),
    instance_type="ml.m5.large",
    instances=2,
    most_instances=6,
    requests_per_minute=6000,
    network=False,
    variables={},
)
OPERATIONS = {
    "model.json": ("sagemaker", "CreateModel"),
    "endpoint-config.json": ("sagemaker", "CreateEndpointConfig"),
    "endpoint.json": ("sagemaker", "CreateEndpoint"),
    "endpoint-update.json": ("sagemaker", "UpdateEndpoint"),
    "alarm-errors.json": ("cloudwatch", "PutMetricAlarm"),
    "alarm-latency.json": ("cloudwatch", "PutMetricAlarm"),
    "scaling-target.json": ("application-autoscaling", "RegisterScalableTarget"),
    "scaling-policy.json": ("application-autoscaling", "PutScalingPolicy"),
}


def requests(endpoint: SagemakerEndpoint) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Each file that is a request, by service, operation and name."""
    files = sagemaker_files(endpoint)
    return {(*OPERATIONS[name], name): json.loads(files[name]) for name in OPERATIONS}
