"""Specifications of services: of a new version, and of its candidate. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packager.deploy.compose.services import SHADOW_KEY
from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.swarm.names import CANARY, CANDIDATE
from packager.deploy.swarm.services import (
    MODEL_LABEL,
    UNREADABLE,
    USER,
    VERSION_LABEL,
    reserved_mib,
)
from packager.engine.swarm import Service
from packager.errors import PackageError

CANDIDATE_LABEL = "package.candidate"
"""Label of a candidate's service, in place of the one of a model's service."""
STACK_IMAGE = "com.docker.stack.image"
"""Label by which ``docker stack deploy`` sees that an image is the file's."""
SHADOW_LABEL = "package.shadow"
"""Label of a model's service whose tasks send their rows to a candidate; its address."""
SHADOW_VARIABLES = ("MODEL_SHADOW", "MODEL_SHADOW_SHARE", "MODEL_SHADOW_TOKEN_FILE")
MIB = 1 << 20


@dataclass(frozen=True)
class NewVersion:
    """The image and settings for a service."""

    version: str
    image: str
    before_mib: int
    """The memory limit that the earlier version's files have."""
    memory_mib: int


def updated_spec(service: Service, new: NewVersion) -> dict[str, Any]:
    """The specification of ``service`` with the new version; the rest stays.

    A memory limit that somebody chose, other than that of the files, stays too.
    """
    spec = without_shadow(service["Spec"])
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
        amounts = resources.get(kind, {})
        if amounts.get("MemoryBytes") == before * MIB:
            amounts["MemoryBytes"] = after * MIB
    return spec


def shadow_spec(service: Service, url: str, key: tuple[str, str] | None) -> dict[str, Any]:
    """The specification of ``service`` whose tasks send their rows to the server at ``url`` too.

    ``key``: id and name of the secret with a key of that server; None if it takes none.
    """
    spec = without_shadow(service["Spec"])
    container = spec["TaskTemplate"]["ContainerSpec"]
    added = {"MODEL_SHADOW": url, "MODEL_SHADOW_SHARE": "1"}
    if key is not None:
        added["MODEL_SHADOW_TOKEN_FILE"] = SHADOW_KEY
        file = {"Name": SHADOW_KEY, "UID": USER, "GID": "0", "Mode": UNREADABLE}
        secret = {"SecretID": key[0], "SecretName": key[1], "File": file}
        container["Secrets"] = [*(container.get("Secrets") or ()), secret]
    variables = [f"{name}={value}" for name, value in added.items()]
    container["Env"] = [*(container.get("Env") or ()), *variables]
    spec["Labels"] = {**spec.get("Labels", {}), SHADOW_LABEL: url}
    return spec


def without_shadow(spec: Mapping[str, Any]) -> dict[str, Any]:
    """``spec`` as it was before ``shadow_spec``; a shadow set by other means stays."""
    restored: dict[str, Any] = copy.deepcopy(dict(spec))
    if SHADOW_LABEL not in restored.get("Labels", {}):
        return restored
    del restored["Labels"][SHADOW_LABEL]
    container = restored["TaskTemplate"]["ContainerSpec"]
    container["Env"] = [
        one for one in container["Env"] if one.partition("=")[0] not in SHADOW_VARIABLES
    ]
    if "Secrets" in container:
        container["Secrets"] = [
            one for one in container["Secrets"] if one.get("File", {}).get("Name") != SHADOW_KEY
        ]
    return restored


def router_spec(
    service: Service, proxy: Service, config: tuple[str, str], tasks: int
) -> dict[str, Any]:
    """The service that shares requests between a service and its candidate.

    It has the settings of ``proxy`` without ports, in the network of ``service``. ``config``: id
    and name of its configuration.
    """
    spec: dict[str, Any] = copy.deepcopy(proxy["Spec"])
    task, name = spec["TaskTemplate"], service["Spec"]["Name"] + CANARY
    [known] = task["ContainerSpec"]["Configs"]
    task["ContainerSpec"]["Configs"] = [
        {"ConfigID": config[0], "ConfigName": config[1], "File": known["File"]}
    ]
    # A name has the addresses of healthy tasks, so proxies find a router that is ready. That it is
    # not ready afterwards is no reason for another task.
    task["ContainerSpec"]["Healthcheck"] = {
        "Test": [
            "CMD",
            "wget",
            "-q",
            "-O",
            "/dev/null",
            f"http://127.0.0.1:{PROXY_METRICS_PORT}/healthz",
        ],
        "Interval": 2_000_000_000,
        "Timeout": 20_000_000_000,
        "Retries": 10_000,
    }
    inner = service["Spec"]["TaskTemplate"]["Networks"][0]["Target"]
    task["Networks"] = [{"Target": inner, "Aliases": [alias_of(service) + CANARY]}]
    return {
        "Name": name,
        "Labels": {CANDIDATE_LABEL: service["Spec"]["Labels"][MODEL_LABEL]},
        "TaskTemplate": task,
        "Mode": {"Replicated": {"Replicas": tasks}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def scaled(service: Service, tasks: int) -> dict[str, Any]:
    """The specification of ``service`` with so many tasks."""
    spec: dict[str, Any] = copy.deepcopy(service["Spec"])
    spec["Mode"] = {"Replicated": {"Replicas": tasks}}
    return spec


def replicas_of(service: Service) -> int:
    """Number of tasks that ``service`` is to have."""
    return int(service["Spec"]["Mode"].get("Replicated", {}).get("Replicas", 1))


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
    """Seconds that a task of ``service`` may take until it is healthy, and a minute."""
    container: Mapping[str, Any] = service["Spec"]["TaskTemplate"]["ContainerSpec"]
    check: Mapping[str, int] = container.get("Healthcheck", {})
    period, tries = check.get("StartPeriod", 0), check.get("Retries", 3)
    every = check.get("Interval", 30_000_000_000) + check.get("Timeout", 30_000_000_000)
    return (period + tries * every) / 1e9 + 60


def rolling_seconds(service: Service) -> float:
    """Seconds for an update of all replicas: start, monitoring window and grace of each."""
    spec = service["Spec"]
    replicas = replicas_of(service)
    update = spec.get("UpdateConfig", {})
    pause = (update.get("Monitor", 0) + update.get("Delay", 0)) / 1e9
    grace = spec["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod", 0) / 1e9
    return float(replicas * (start_seconds(service) + pause + grace))
