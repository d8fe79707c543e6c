"""A shadow on Docker Swarm: the serving tasks send the rows of their requests to the candidate.

The Swarm replaces them by tasks with the shadow's settings, in a rolling update as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packager.deploy.swarm.names import tasks_of
from packager.engine.swarm import Service, Swarm
from packager.errors import PackageError
from packager.image.config import PORT
from packager.progress import Progress
from packager.replicas.counters import CounterTotals
from packager.rollout.asked_replicas import shadow_counts
from packager.rollout.shadow import check_same_inputs, watch_shadow
from packager.rollout.swarm.candidate import RunningCandidate, scale_candidate
from packager.rollout.swarm.network_answers import StackNetwork
from packager.rollout.swarm.rolling import roll
from packager.rollout.swarm.spec import (
    SHADOW_LABEL,
    alias_of,
    replicas_of,
    shadow_spec,
    without_shadow,
)
from packager.rollout.verdict import GateCheck


@dataclass(frozen=True)
class SwarmShadow:
    """The serving ``service`` as a champion; as it is without a shadow."""

    swarm: Swarm
    service: Service
    progress: Progress

    def watch(
        self,
        candidate: RunningCandidate,
        network: StackNetwork,
        model: tuple[str, str],
        minutes: float,
        secret: tuple[str, str] | None,
    ) -> GateCheck:
        """The verdict on the rows of live requests; the shadow stays on.

        ``model``: name and serving version; ``secret``: id and name of that with the candidate's
        key. Raises ``PackageError`` if the tasks with the shadow don't start.
        """
        check_same_inputs(*candidate.servers, network.key)
        scale_candidate(self.swarm, self.service, candidate, replicas_of(self.service))
        spec = shadow_spec(self.service, f"http://{candidate.alias}:{PORT}", secret)
        self.progress.step("shadow: the tasks get its settings, one after the other")
        self._rolled(spec)
        name = tasks_of(alias_of(self.service))

        def counted() -> CounterTotals:
            return shadow_counts(network.printed(name, PORT, "/metrics"), *model)

        return watch_shadow(counted, minutes, self.progress)

    def end(self) -> None:
        """Have tasks without the shadow serve again, if they have one."""
        now = self.swarm.named(self.service["Spec"]["Name"])
        if now is not None and SHADOW_LABEL in now["Spec"].get("Labels", {}):
            self.progress.step("the tasks without the shadow come back, one after the other")
            self._rolled(without_shadow(now["Spec"]))

    def _rolled(self, spec: dict[str, Any]) -> None:
        rolled = roll(self.swarm, self.service, spec, self.progress)
        if rolled.outcome != "completed":
            raise PackageError(
                f"{spec['Name']}: expected a rolling update to complete, got one that is "
                f"{rolled.outcome}: {rolled.reason}",
                "see docker service ps: hosts need memory for a task more",
            )
