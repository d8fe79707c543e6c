"""Specifications of services: of a new version, and of its candidate. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packager.deploy.swarm.names import CANDIDATE
from packager.deploy.swarm.services import MODEL_LABEL, VERSION_LABEL, reserved_mib
from packager.engine.swarm import Service
from packager.errors import PackageError

CANDIDATE_LABEL = "package.candidate"
"""Label of a candidate's service, in place of the one of a model's service."""
STACK_IMAGE = "com.docker.stack.image"
"""Label by which ``docker stack deploy`` sees that an image is the file's."""
MIB = 1 << 20


@dataclass(frozen=True)
class NewVersion:
    """What a service gets."""

    version: str
    image: str
    before_mib: int
    """The memory limit that the earlier version's files have."""
    memory_mib: int


def updated_spec(service: Service, new: NewVersion) -> dict[str, Any]:
    """The specification of ``service`` with the new version; the rest stays.

    A memory limit that somebody chose, other than that of the files, stays too.
    """
    spec: dict[str, Any] = copy.deepcopy(service["Spec"])
    task = spec["TaskTemplate"]
    task["ContainerSpec"]["Image"] = new.image
    spec["Labels"] = {
        **spec.get("Labels", {}),
        VERSION_LABEL: new.version,
        STACK_IMAGE: new.image,
    }
    resources = task.get("Resources", {})
    for kind, before, after in (
        ("Limits", new.before_mib, new.memory_mib),
        ("Reservations", reserved_mib(new.before_mib), reserved_mib(new.memory_mib)),
    ):
        found = resources.get(kind, {})
        if found.get("MemoryBytes") == before * MIB:
            found["MemoryBytes"] = after * MIB
    return spec


def candidate_spec(service: Service, new: NewVersion) -> dict[str, Any]:
    """The service of one task of the new version, under another name in the networks."""
    spec = updated_spec(service, new)
    task, labels = spec["TaskTemplate"], spec["Labels"]
    task["RestartPolicy"] = {"Condition": "none"}  # one that ends is a finding
    for network in task["Networks"]:
        network["Aliases"] = [alias + CANDIDATE for alias in network.get("Aliases") or ()]
    labels[CANDIDATE_LABEL] = labels.pop(MODEL_LABEL)
    return {
        "Name": spec["Name"] + CANDIDATE,
        "Labels": labels,
        "TaskTemplate": task,
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def alias_of(service: Service) -> str:
    """The name of ``service`` in the stack's networks; raises ``PackageError`` without one."""
    for network in service["Spec"]["TaskTemplate"].get("Networks") or ():
        for alias in network.get("Aliases") or ():
            return str(alias)
    raise PackageError(
        f"{service['Spec']['Name']}: expected a name in the stack's network, got none",
        "deploy the folder's stack.yml as it was written: docker stack deploy",
    )


def start_seconds(service: Service) -> float:
    """How long a task of ``service`` may take until it is healthy, and a minute."""
    container: Mapping[str, Any] = service["Spec"]["TaskTemplate"]["ContainerSpec"]
    check: Mapping[str, int] = container.get("Healthcheck", {})
    period, tries = check.get("StartPeriod", 0), check.get("Retries", 3)
    every = check.get("Interval", 30_000_000_000) + check.get("Timeout", 30_000_000_000)
    return (period + tries * every) / 1e9 + 60


def rolling_seconds(service: Service) -> float:
    """How long an update of all replicas may take: start, monitoring window and grace of each."""
    spec = service["Spec"]
    replicas = spec["Mode"].get("Replicated", {}).get("Replicas", 1)
    update = spec.get("UpdateConfig", {})
    pause = (update.get("Monitor", 0) + update.get("Delay", 0)) / 1e9
    grace = spec["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod", 0) / 1e9
    return float(replicas * (start_seconds(service) + pause + grace))
