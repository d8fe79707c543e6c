"""Swarm's own rolling update, watched until it has completed or gone back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from packager.engine.swarm import Service, Swarm, SwarmTask
from packager.progress import Progress
from packager.rollout.swarm.candidate import start_seconds

RollOutcome = Literal["completed", "rolled back", "paused", "timed out"]
ENDED: Mapping[str, RollOutcome] = {
    "completed": "completed",
    "rollback_completed": "rolled back",
    "paused": "paused",
    "rollback_paused": "paused",
}
"""State of the engine → outcome."""
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class RollResult:
    """How a rolling update ended."""

    outcome: RollOutcome
    reason: str
    """Why it isn't completed: what the tasks of the new version say; empty otherwise."""
    seconds: float


def roll(
    swarm: Swarm, service: Service, image: str, labels: Mapping[str, str], progress: Progress
) -> RollResult:
    """Update ``service`` to ``image``, and watch.

    If the new tasks neither run nor fail in time, for example because no host has the memory, the
    earlier image is put back.
    """
    begun = time.monotonic()
    until = begun + _limit_seconds(service)
    swarm.change(service, image, labels)
    told = ""
    while time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        state = swarm.update_state(service["ID"])
        if state.state in ENDED:
            outcome = ENDED[state.state]
            reason = "" if outcome == "completed" else _reason(swarm, service, image)
            return RollResult(outcome, reason or state.message, time.monotonic() - begun)
        line = _line(swarm.tasks(service["ID"]), image, state.state)
        if line != told:
            progress.step(f"rolling update: {line}")
            told = line
    reason = _reason(swarm, service, image) or "no task of it ran in time"
    now = swarm.named(service["Spec"]["Name"])
    if now is not None:
        was = service["Spec"]
        old = {name: text for name, text in was["Labels"].items() if name in labels}
        swarm.change(now, was["TaskTemplate"]["ContainerSpec"]["Image"], old)
    return RollResult("timed out", reason, time.monotonic() - begun)


def _limit_seconds(service: Service) -> float:
    """For every replica: start, monitoring window and grace."""
    spec = service["Spec"]
    replicas = spec["Mode"].get("Replicated", {}).get("Replicas", 1)
    update = spec.get("UpdateConfig", {})
    pause = (update.get("Monitor", 0) + update.get("Delay", 0)) / 1e9
    grace = spec["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod", 0) / 1e9
    return float(replicas * (start_seconds(service) + pause + grace))


def _line(tasks: list[SwarmTask], image: str, state: str) -> str:
    wanted = [one for one in tasks if one.wanted == "running"]
    new = sum(one.state == "running" and _same(one.image, image) for one in wanted)
    waiting = next((one.error for one in wanted if one.state == "pending" and one.error), "")
    going_back = "; going back" if state.startswith("rollback") else ""
    return f"{new} of {len(wanted)} tasks are new{going_back}{f'; {waiting}' if waiting else ''}"


def _reason(swarm: Swarm, service: Service, image: str) -> str:
    """What the newest failed task of the new version says."""
    for task in swarm.tasks(service["ID"]):
        if task.error and _same(task.image, image):
            return task.error
    return ""


def _same(found: str, image: str) -> bool:
    """Whether the engine means ``image``: it may have added a digest."""
    return found == image or found.startswith(f"{image}@")
