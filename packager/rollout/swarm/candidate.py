"""A candidate: one task of a new version, outside of the traffic, that the gate asks.

It has the settings, secrets and networks of the serving version's tasks, and a DNS name of its own,
so the proxies don't find it. A relay on this host makes both reachable on 127.0.0.1: the candidate
may run on any host of the Swarm.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from packager.deploy.swarm.names import CANDIDATE
from packager.deploy.swarm.proxy import relay_config
from packager.deploy.swarm.services import MODEL_LABEL
from packager.engine.swarm import Service, Swarm
from packager.errors import PackageError
from packager.progress import Progress

CANDIDATE_LABEL = "package.candidate"
"""Label of a candidate's service, in place of the one of a model's service."""
POLL_SECONDS = 1.0
GONE = ("failed", "rejected", "complete", "shutdown", "orphaned", "remove")
"""States of a task that has ended."""


@dataclass(frozen=True)
class AskedAddresses:
    """Where the gate asks: relays on 127.0.0.1."""

    serving: str
    candidate: str


def candidate_spec(service: Service, image: str) -> dict[str, Any]:
    """The service of one task of ``image``, as ``service`` runs it, under another name."""
    spec = service["Spec"]
    task = copy.deepcopy(spec["TaskTemplate"])
    task["ContainerSpec"]["Image"] = image
    task["RestartPolicy"] = {"Condition": "none"}  # one that ends is a finding
    for network in task["Networks"]:
        network["Aliases"] = [alias + CANDIDATE for alias in network.get("Aliases") or ()]
    labels = dict(spec["Labels"])
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


@contextmanager
def running_candidate(
    swarm: Swarm, service: Service, image: str, proxy_image: str, progress: Progress
) -> Iterator[AskedAddresses]:
    """A candidate of ``image`` beside ``service``; it and its relay are removed afterwards.

    ``proxy_image``: with HAProxy. Raises ``PackageError`` if the candidate does not start.
    """
    spec, alias = candidate_spec(service, image), alias_of(service)
    network = swarm.network(service)
    swarm.remove(spec["Name"])  # what a killed update left
    progress.step(f"candidate: one task of {image}")
    made = swarm.create(spec)
    try:
        _wait(swarm, made, spec["Name"], start_seconds(service))
        files = {"haproxy.cfg": relay_config(alias, alias + CANDIDATE).encode()}
        command = ["haproxy", "-W", "-db", "-f", "/tmp/haproxy.cfg"]
        with swarm.relay(proxy_image, command, files, 2, network) as (serving, candidate):
            yield AskedAddresses(serving, candidate)
    finally:
        swarm.remove(made)


def start_seconds(service: Service) -> float:
    """How long a task of ``service`` may take until it is healthy."""
    check: Mapping[str, int] = service["Spec"]["TaskTemplate"]["ContainerSpec"].get(
        "Healthcheck", {}
    )
    period, tries = check.get("StartPeriod", 0), check.get("Retries", 3)
    every = check.get("Interval", 30_000_000_000) + check.get("Timeout", 30_000_000_000)
    return (period + tries * every) / 1e9 + 60


def _wait(swarm: Swarm, service: str, name: str, seconds: float) -> None:
    """Until its task runs; raises ``PackageError`` if it ends, or does not start in time."""
    until = time.monotonic() + seconds
    while True:
        found = swarm.tasks(service)
        if found and found[0].state == "running":
            return
        if found and (found[0].state in GONE or time.monotonic() > until):
            reason = found[0].error or "no reason given"
            raise PackageError(
                f"{name}: expected a running task, got one that is {found[0].state}: {reason}",
                "read what it wrote, if it was started: docker run the image by hand; or check "
                "that the hosts can pull it and have memory for one task more",
            )
        time.sleep(POLL_SECONDS)
