"""One model as SageMaker hosts it: the requests that make its model, configuration and endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packager.deploy.kubernetes.workload import object_name
from packager.deploy.prometheus.rules import Objectives
from packager.deploy.sagemaker.addresses import ImageAddress, RoleAddress
from packager.digest import sha256_bytes

VARIANT = "live"
"""The same in each configuration: autoscaling and alarms name the variant."""
STARTUP_SECONDS = 300
BAKE_SECONDS = 300
"""Time for which the first instance of a new version answers before the others follow."""
DRAIN_SECONDS = 120
"""Time for which the earlier instances stay after the last one of the new version serves."""
UPDATE_SECONDS = 3600
NAME_HASH = 10


@dataclass(frozen=True)
class SagemakerEndpoint:
    """The properties of an endpoint."""

    model: str
    version: str
    image: ImageAddress
    role: RoleAddress
    objectives: Objectives
    instance_type: str
    instances: int
    most_instances: int
    requests_per_minute: int
    """Capacity of one instance."""
    network: bool
    """Whether the container may open connections."""
    variables: Mapping[str, str]
    topic: str = ""
    """ARN of what tells people of an alarm; empty for nobody."""

    @property
    def name(self) -> str:
        """Of the endpoint."""
        return object_name(self.model)

    @property
    def model_name(self) -> str:
        """Differs for each content: a model of SageMaker can't be changed."""
        return self._hashed(self._container)

    @property
    def config_name(self) -> str:
        """Differs for each content: a configuration can't be changed."""
        return self._hashed(self._variants)

    @property
    def arn(self) -> str:
        """Of the endpoint."""
        return self.sagemaker_arn(f"endpoint/{self.name}")

    @property
    def alarm_names(self) -> dict[str, str]:
        """Kind of alarm → its name."""
        return {kind: f"{self.name}-{kind}" for kind in ("errors", "latency")}

    @property
    def tags(self) -> list[dict[str, str]]:
        """By which costs and objects of a model are found."""
        return [{"Key": "model", "Value": self.model}, {"Key": "version", "Value": self.version}]

    def sagemaker_arn(self, resource: str) -> str:
        """The ARN of a resource of SageMaker in the account of the role and the image's region."""
        location = f"{self.image.region}:{self.role.account}"
        return f"arn:{self.role.partition}:sagemaker:{location}:{resource}"

    def model_request(self) -> dict[str, Any]:
        """Of CreateModel."""
        return {"ModelName": self.model_name, **self._container, "Tags": self.tags}

    def config_request(self) -> dict[str, Any]:
        """Of CreateEndpointConfig. Without a DataCaptureConfig no request is recorded."""
        return {"EndpointConfigName": self.config_name, **self._variants, "Tags": self.tags}

    def create_request(self) -> dict[str, Any]:
        """Of CreateEndpoint."""
        return {
            "EndpointName": self.name,
            "EndpointConfigName": self.config_name,
            "Tags": self.tags[:1],
        }

    def update_request(self) -> dict[str, Any]:
        """Of UpdateEndpoint: one instance first, then the others; an alarm brings all back.

        The number of instances stays what autoscaling made it.
        """
        routing: dict[str, Any] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": BAKE_SECONDS}
        if self.instances > 1:
            routing["Type"] = "CANARY"
            routing["CanarySize"] = {"Type": "INSTANCE_COUNT", "Value": 1}
        alarms = [{"AlarmName": name} for name in self.alarm_names.values()]
        return {
            "EndpointName": self.name,
            "EndpointConfigName": self.config_name,
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}],
            "DeploymentConfig": {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": routing,
                    "TerminationWaitInSeconds": DRAIN_SECONDS,
                    "MaximumExecutionTimeoutInSeconds": UPDATE_SECONDS,
                },
                "AutoRollbackConfiguration": {"Alarms": alarms},
            },
        }

    @property
    def _container(self) -> dict[str, Any]:
        environment = {"MODEL_FEEDBACK": "off", **self.variables}
        return {
            "PrimaryContainer": {
                "Image": self.image.text,
                "Environment": dict(sorted(environment.items())),
            },
            "ExecutionRoleArn": self.role.text,
            "EnableNetworkIsolation": not self.network,
        }

    @property
    def _variants(self) -> dict[str, Any]:
        variant = {
            "VariantName": VARIANT,
            "ModelName": self.model_name,
            "InitialInstanceCount": self.instances,
            "InstanceType": self.instance_type,
            "InitialVariantWeight": 1,
            "ContainerStartupHealthCheckTimeoutInSeconds": STARTUP_SECONDS,
            "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        }
        return {"ProductionVariants": [variant]}

    def _hashed(self, content: Mapping[str, Any]) -> str:
        text = json.dumps({"version": self.version, **content}, sort_keys=True)
        return f"{self.name}-{sha256_bytes(text.encode())[:NAME_HASH]}"
