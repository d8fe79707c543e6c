"""A candidate: one task of a new version, outside of the traffic, that the gate asks.

It has the settings, secrets and networks of the serving version's tasks, and a DNS name of its own,
so the proxies don't find it. A relay on this host makes both reachable on 127.0.0.1: the candidate
may run on any host of the Swarm.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from packager.deploy.swarm.names import CANARY, CANDIDATE
from packager.deploy.swarm.proxy import relay_config
from packager.engine.swarm import Service, Swarm
from packager.errors import PackageError
from packager.progress import Progress
from packager.rollout.swarm.spec import (
    NewVersion,
    alias_of,
    candidate_spec,
    replicas_of,
    scaled,
    start_seconds,
)

POLL_SECONDS = 1.0
ENDED = ("failed", "rejected", "complete", "orphaned")
"""States of a task that has ended by itself."""
RELAY_COMMAND = ("haproxy", "-W", "-db", "-f", "/tmp/haproxy.cfg")


@dataclass(frozen=True)
class RunningCandidate:
    """A service of a new version beside the serving one."""

    name: str
    alias: str
    """Its name in the stack's network."""
    servers: tuple[str, str]
    """Addresses of the serving version and of the candidate, on 127.0.0.1."""
    network: str
    """The id of the network that both are in."""


@contextmanager
def running_candidate(
    swarm: Swarm, service: Service, new: NewVersion, proxy_image: str, progress: Progress
) -> Iterator[RunningCandidate]:
    """A candidate of ``new`` beside the serving version.

    ``proxy_image`` has HAProxy. Candidate and relay are removed afterwards. Raises ``PackageError``
    if the candidate does not start.
    """
    spec, alias = candidate_spec(service, new), alias_of(service)
    network = swarm.network(service)
    for service_name in (service["Spec"]["Name"] + CANARY, spec["Name"]):  # by a killed update
        swarm.remove(service_name)
    progress.step(f"candidate: one task of {new.image}")
    service_id = swarm.create(spec)
    try:
        wait_running(swarm, spec["Name"], 1, start_seconds(service))
        files = {"haproxy.cfg": relay_config(alias, alias + CANDIDATE).encode()}
        with swarm.relay(proxy_image, list(RELAY_COMMAND), files, 2, network) as addresses:
            serving, candidate = addresses
            yield RunningCandidate(spec["Name"], alias + CANDIDATE, (serving, candidate), network)
    finally:
        swarm.remove(service_id)


def scale_candidate(
    swarm: Swarm, service: Service, candidate: RunningCandidate, tasks: int
) -> None:
    """Have so many tasks of the candidate of ``service``; raises ``PackageError`` if one ends."""
    existing = swarm.named(candidate.name)
    if existing is not None and replicas_of(existing) != tasks:
        swarm.change(existing, scaled(existing, tasks))
    wait_running(swarm, candidate.name, tasks, start_seconds(service))


def wait_running(swarm: Swarm, name: str, tasks: int, seconds: float) -> None:
    """Until so many tasks run; raises ``PackageError`` if one ends, or they don't start in time."""
    until = time.monotonic() + seconds
    while True:
        service = swarm.named(name)
        current_tasks = [] if service is None else swarm.tasks(service["ID"])
        states = [one.state for one in current_tasks]
        if states.count("running") == tasks:
            return
        ended = next((one for one in current_tasks if one.state in ENDED), None)
        if ended is not None or time.monotonic() > until:
            one = ended or next(iter(current_tasks), None)
            state = one.state if one else "not there yet"
            reason = (one.error if one else "") or "no reason given"
            expected = "a running task" if tasks == 1 else f"{tasks} running tasks"
            raise PackageError(
                f"{name}: expected {expected}, got one that is {state}: {reason}",
                "start the image by hand and read what it writes (docker run); check that the "
                "hosts can pull it, and have memory for a task more",
            )
        time.sleep(POLL_SECONDS)
