"""A canary on Docker Swarm: a router between the proxies and the tasks shares the requests.

The proxies of a stack send all requests to the router as long as it finds a task of the new
version; nothing of theirs changes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.parts import PROMETHEUS
from packager.deploy.swarm.names import CANARY, content_name, tasks_of
from packager.deploy.swarm.proxy import MAX_ROUTERS, router_config, router_weights
from packager.engine.swarm import Service, Swarm
from packager.progress import Progress
from packager.rollout.asked_replicas import parse_answers
from packager.rollout.canary import CanaryRule, watch_canary
from packager.rollout.canary_labels import (
    Counts,
    judge_labels,
    known_labels,
    labels_path,
    parse_labels,
)
from packager.rollout.proxy_control import SlotTraffic, parse_servers, traffic
from packager.rollout.swarm.candidate import RunningCandidate, scale_candidate, wait_running
from packager.rollout.swarm.network_answers import StackNetwork
from packager.rollout.swarm.spec import alias_of, replicas_of, router_spec, start_seconds
from packager.rollout.verdict import GateCheck

OLD, NEW = "old", "new"
"""Names of the router's servers, which are counted."""
PROMETHEUS_PORT = 9090
START_SECONDS = 45.0
"""For the start of the router's tasks."""
LEAVE_SECONDS = 15.0
"""The proxies have done without a router that is not ready after three checks, 3 s apart."""


@dataclass(frozen=True)
class SwarmCanary:
    """The services of a canary of ``service``; ``proxy``: the service of its proxies."""

    swarm: Swarm
    service: Service
    proxy: Service
    candidate: RunningCandidate
    network: StackNetwork
    progress: Progress

    @contextmanager
    def routed(self, share: float, minutes: float) -> Iterator[None]:
        """The candidate gets ``share`` of the requests within the block; then it has no tasks.

        ``minutes``: how long the block takes. Then the router tells the proxies that it is not
        ready, and goes on until it is removed, so that no request is lost; a block that ends early
        removes the candidate first, whose requests the router sends to the other tasks.
        """
        tasks = replicas_of(self.service)
        canary_tasks = max(1, math.ceil(tasks * share))
        scale_candidate(self.swarm, self.service, self.candidate, canary_tasks)
        name, alias = self.service["Spec"]["Name"], alias_of(self.service)
        weights = router_weights(tasks, canary_tasks, share)
        end = time.time() + 60 * minutes + START_SECONDS
        text = router_config(alias, self.candidate.alias, weights, math.ceil(end))
        config = content_name(name + CANARY, text)
        config_id = self.swarm.config(config, text)
        spec = router_spec(self.service, self.proxy, (config_id, config), MAX_ROUTERS)
        try:
            self.swarm.create(spec)
            wait_running(self.swarm, spec["Name"], MAX_ROUTERS, start_seconds(self.service))
            yield
            candidate = self.swarm.named(self.candidate.name)
            if candidate is not None and replicas_of(candidate):  # else it ended early
                time.sleep(max(0.0, end - time.time()) + LEAVE_SECONDS)
        except BaseException:
            self._end_early()
            raise
        finally:
            self.swarm.remove(spec["Name"])
            self.swarm.remove_config(config)

    def _end_early(self) -> None:
        scale_candidate(self.swarm, self.service, self.candidate, 0)
        time.sleep(LEAVE_SECONDS)

    def watch(
        self, share: float, minutes: float, versions: tuple[str, str], model: str, labels: bool
    ) -> tuple[GateCheck, ...]:
        """The verdicts on requests and on labels, within ``routed``.

        ``versions``: the serving one and the candidate's; ``labels``: whether the stack has
        Prometheus, which counts them.
        """
        before = self._labels(model) if labels else None
        self.progress.step(f"canary: {share:.1%} of the requests for {minutes:g} minutes")
        check = watch_canary(self._counted, minutes, CanaryRule())
        if check.outcome == "failed":
            self._end_early()
            return (check,)
        now = self._labels(model) if labels else None
        return (check, judge_labels(versions, before, now))

    def _counted(self) -> tuple[SlotTraffic, SlotTraffic]:
        """Requests to both versions, as all tasks of the router counted them."""
        router = tasks_of(alias_of(self.service) + CANARY)
        said = self.network.printed(router, PROXY_METRICS_PORT, "/stats;csv")
        answers = parse_answers(said, "the router of the canary")
        servers = [server for answer in answers for server in parse_servers(answer)]
        return traffic(servers, OLD), traffic(servers, NEW)

    def _labels(self, model: str) -> Counts | None:
        """Labels of the model's versions so far; None if Prometheus can't say."""

        def read() -> Counts:
            path = labels_path(model)
            said = self.network.printed(tasks_of(PROMETHEUS), PROMETHEUS_PORT, path)
            return parse_labels("".join(parse_answers(said, PROMETHEUS)[:1]))

        return known_labels(read, self.progress)
