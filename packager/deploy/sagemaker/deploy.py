"""``package deploy sagemaker``: the folder of each model among those of others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packager.deploy import generated_folder
from packager.deploy.folder_target import SAGEMAKER, TARGET, check_target
from packager.deploy.kubernetes.deploy import MODELS
from packager.deploy.prometheus.rules import Objectives
from packager.deploy.sagemaker.addresses import TOPIC, ImageAddress, RoleAddress
from packager.deploy.sagemaker.endpoint import SagemakerEndpoint
from packager.deploy.sagemaker.policies import (
    LOGS,
    deployer_policy,
    execution_policy,
    trust_policy,
)
from packager.deploy.sagemaker.scaling import (
    error_alarm,
    latency_alarm,
    scaling_policy,
    scaling_target,
)
from packager.deploy.sagemaker.script import deploy_script
from packager.errors import UsageError
from packager.image.reference import Reference

INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,1023}")
MAX_VALUE = 1024
MAX_VARIABLES = 100


@dataclass(frozen=True)
class SagemakerOptions:
    """Options that differ between accounts; raises ``UsageError`` that names the wrong option."""

    image: ImageAddress
    role: RoleAddress
    instance_type: str = "ml.m5.large"
    instances: int = 2
    """The fewest."""
    most_instances: int = 6
    requests_per_minute: int = 6000
    """Capacity of one instance."""
    network: bool = False
    """Whether the container may open connections."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Settings of the server."""
    topic: str = ""
    """ARN of what tells people of an alarm; empty for nobody."""

    def __post_init__(self) -> None:
        if not INSTANCE_TYPE.fullmatch(self.instance_type):
            raise UsageError(
                f"--instance-type: expected a type such as ml.m5.large, got {self.instance_type!r}",
                "SageMaker's types begin with ml.",
            )
        if self.most_instances < self.instances:
            raise UsageError(
                f"--most-instances: expected at least --instances {self.instances}, got "
                f"{self.most_instances}",
                "autoscaling goes from the one to the other",
            )
        if self.topic and not TOPIC.fullmatch(self.topic):
            raise UsageError(
                f"--alarm-topic: expected arn:aws:sns:REGION:ACCOUNT:NAME, got {self.topic!r}",
                "or leave it out: alarms only roll an update back then",
            )


def parsed_variables(texts: Sequence[str]) -> dict[str, str]:
    """Name → value of ``--variable``; raises ``UsageError`` for what is no setting."""
    variables = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not equal or not VARIABLE.fullmatch(name) or len(value) > MAX_VALUE:
            raise UsageError(
                f"--variable: expected NAME=VALUE, got {text!r}",
                f"the value has at most {MAX_VALUE} characters; it is no place for a secret",
            )
        variables[name] = value
    if len(variables) >= MAX_VARIABLES:
        raise UsageError(
            f"--variable: expected fewer than {MAX_VARIABLES} variables, got {len(variables)}",
            "SageMaker accepts no more",
        )
    return variables


@dataclass(frozen=True)
class SagemakerResult:
    """The written files."""

    files: tuple[str, ...]
    """Paths below the folder, sorted."""
    endpoint: str
    """Name of the endpoint, and of the model's folder."""
    region: str
    changed: tuple[str, ...]
    """Files that the user changed, which were kept."""


def deploy_sagemaker(
    reference: Reference, target: Path, options: SagemakerOptions, objectives: Objectives
) -> SagemakerResult:
    """Write the requests and the script of ``reference`` below ``target``, in a folder of its own.

    Raises ``UsageError``, with nothing written, if ``target`` holds other files.
    """
    manifest = reference.manifest
    endpoint = SagemakerEndpoint(
        model=manifest.name,
        version=manifest.tag,
        image=options.image,
        role=options.role,
        objectives=objectives,
        instance_type=options.instance_type,
        instances=options.instances,
        most_instances=options.most_instances,
        requests_per_minute=options.requests_per_minute,
        network=options.network or manifest.serve.network,
        variables=options.variables,
        topic=options.topic,
    )
    known = known_models(target)
    name = endpoint.name
    files = {f"{name}/{path}": text for path, text in sagemaker_files(endpoint).items()}
    region = endpoint.image.region
    models = {**known, name: {"model": endpoint.model, "region": region}}
    changed = _write(target, files, models, name)
    return SagemakerResult(tuple(sorted(files)), name, region, tuple(changed))


def sagemaker_files(endpoint: SagemakerEndpoint) -> dict[str, str]:
    """Path → content, below the model's folder; deterministic, and without a secret."""
    documents = {
        "model.json": endpoint.model_request(),
        "endpoint-config.json": endpoint.config_request(),
        "endpoint.json": endpoint.create_request(),
        "endpoint-update.json": endpoint.update_request(),
        "alarm-errors.json": error_alarm(endpoint),
        "alarm-latency.json": latency_alarm(endpoint),
        "scaling-target.json": scaling_target(endpoint),
        "scaling-policy.json": scaling_policy(endpoint),
        "iam-policy.json": execution_policy(endpoint),
        "iam-trust.json": trust_policy(endpoint),
        "iam-deployer.json": deployer_policy(endpoint),
    }
    files = {name: json.dumps(one, indent=2) + "\n" for name, one in documents.items()}
    return {**files, "deploy.sh": deploy_script(endpoint, LOGS)}


def remove_sagemaker(name: str, target: Path) -> SagemakerResult:
    """Remove the files of the model ``name``; raises ``UsageError`` if it isn't there."""
    known = known_models(target)
    folder = next((one for one, facts in known.items() if facts["model"] == name), None)
    if folder is None:
        models = ", ".join(sorted(one["model"] for one in known.values())) or "none"
        raise UsageError(
            f"{target}: expected one of the models {models}, got {name!r}",
            "name a model of this folder",
        )
    removed = known.pop(folder)
    changed = _write(target, {}, known, folder)
    remaining = generated_folder.read_generated(target).files
    return SagemakerResult(tuple(sorted(remaining)), folder, removed["region"], tuple(changed))


def known_models(target: Path) -> dict[str, dict[str, str]]:
    """Folder → the model's name and region; raises ``UsageError`` as ``check_target``."""
    check_target(target, SAGEMAKER)
    return dict(generated_folder.read_generated(target).notes.get(MODELS, {}))


def _write(
    target: Path, files: Mapping[str, str], models: Mapping[str, Any], folder: str
) -> list[str]:
    """Write the files of ``folder``; those of other models stay."""
    before = generated_folder.read_generated(target).files
    others = [path for path in before if not path.startswith(f"{folder}/")]
    notes = {TARGET: SAGEMAKER, MODELS: dict(sorted(models.items()))}
    return generated_folder.write(target, files, notes, others)
