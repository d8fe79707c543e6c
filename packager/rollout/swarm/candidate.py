"""A candidate: one task of a new version, outside of the traffic, that the gate asks.

It has the settings, secrets and networks of the serving version's tasks, and a DNS name of its own,
so the proxies don't find it. A relay on this host makes both reachable on 127.0.0.1: the candidate
may run on any host of the Swarm.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from packager.deploy.swarm.names import CANDIDATE
from packager.deploy.swarm.proxy import relay_config
from packager.engine.swarm import Service, Swarm
from packager.errors import PackageError
from packager.progress import Progress
from packager.rollout.swarm.spec import NewVersion, alias_of, candidate_spec, start_seconds

POLL_SECONDS = 1.0
ENDED = ("failed", "rejected", "complete", "shutdown", "orphaned", "remove")
"""States of a task that has ended."""
RELAY_COMMAND = ("haproxy", "-W", "-db", "-f", "/tmp/haproxy.cfg")


@contextmanager
def running_candidate(
    swarm: Swarm, service: Service, new: NewVersion, proxy_image: str, progress: Progress
) -> Iterator[tuple[str, str]]:
    """Addresses of the serving version and of a candidate of ``new`` beside it.

    ``proxy_image`` has HAProxy. Candidate and relay are removed afterwards. Raises ``PackageError``
    if the candidate does not start.
    """
    spec, alias = candidate_spec(service, new), alias_of(service)
    network = swarm.network(service)
    swarm.remove(spec["Name"])  # what a killed update left
    progress.step(f"candidate: one task of {new.image}")
    made = swarm.create(spec)
    try:
        _wait(swarm, made, spec["Name"], start_seconds(service))
        files = {"haproxy.cfg": relay_config(alias, alias + CANDIDATE).encode()}
        with swarm.relay(proxy_image, list(RELAY_COMMAND), files, 2, network) as addresses:
            serving, candidate = addresses
            yield serving, candidate
    finally:
        swarm.remove(made)


def _wait(swarm: Swarm, service: str, name: str, seconds: float) -> None:
    """Until its task runs; raises ``PackageError`` if it ends, or does not start in time."""
    until = time.monotonic() + seconds
    while True:
        found = swarm.tasks(service)
        state = found[0].state if found else "not there yet"
        if state == "running":
            return
        if state in ENDED or time.monotonic() > until:
            reason = (found[0].error if found else "") or "no reason given"
            raise PackageError(
                f"{name}: expected a running task, got one that is {state}: {reason}",
                "start the image by hand and read what it writes (docker run); check that the "
                "hosts can pull it, and have memory for a task more",
            )
        time.sleep(POLL_SECONDS)
