"""Swarm's own rolling update, watched until it has completed or gone back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from packager.engine.swarm import Service, Swarm, SwarmTask
from packager.progress import Progress
from packager.rollout.swarm.spec import rolling_seconds

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
    """Result of a rolling update."""

    outcome: RollOutcome
    reason: str
    """Why it isn't completed: what the tasks of the new version say; empty otherwise."""
    seconds: float


def roll(swarm: Swarm, service: Service, spec: Mapping[str, Any], progress: Progress) -> RollResult:
    """Update ``service`` to ``spec``, and watch.

    If the new tasks neither run nor fail in time, for example because no host has the memory, the
    earlier specification, ``service``, is put back.
    """
    begun = time.monotonic()
    until = begun + rolling_seconds(service)
    swarm.change(_now(swarm, service), spec)
    target_form = TaskForm.of(spec)
    last_message = ""
    while time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        state = swarm.update_state(service["ID"])
        if state.state in ENDED:
            outcome = ENDED[state.state]
            reason = "" if outcome == "completed" else _reason(swarm, service, target_form)
            if outcome != "completed":
                reason = reason or state.message
            return RollResult(outcome, reason, time.monotonic() - begun)
        line = progress_line(swarm.tasks(service["ID"]), target_form, state.state)
        if line != last_message:
            progress.step(f"rolling update: {line}")
            last_message = line
    reason = _reason(swarm, service, target_form) or "its tasks did not become healthy in time"
    swarm.change(_now(swarm, service), service["Spec"])
    return RollResult("timed out", reason, time.monotonic() - begun)


def _now(swarm: Swarm, service: Service) -> Service:
    """``service`` as it is now: a change names the one that it replaces."""
    return swarm.named(service["Spec"]["Name"]) or service


@dataclass(frozen=True)
class TaskForm:
    """The properties that distinguish the tasks of one specification from another's."""

    image: str
    environment: frozenset[str]

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> TaskForm:
        """The form of the tasks of ``spec``."""
        container = spec["TaskTemplate"]["ContainerSpec"]
        return cls(container["Image"], frozenset(container.get("Env") or ()))

    def has(self, task: SwarmTask) -> bool:
        """Whether ``task`` is one of them; the engine may have added a digest to its image."""
        same = task.image == self.image or task.image.startswith(f"{self.image}@")
        return same and task.environment == self.environment


def progress_line(tasks: list[SwarmTask], form: TaskForm, state: str) -> str:
    """Line with the number of tasks as ``form`` that run, and what keeps the others waiting."""
    meant = [task for task in tasks if task.desired_state == "running"]
    new = sum(one.state == "running" and form.has(one) for one in meant)
    waiting = next((one.error for one in meant if one.state == "pending" and one.error), "")
    going_back = "; going back" if state.startswith("rollback") else ""
    return f"{new} of {len(meant)} tasks are new{going_back}{f'; {waiting}' if waiting else ''}"


def _reason(swarm: Swarm, service: Service, form: TaskForm) -> str:
    """The error of the newest failed task of the new specification."""
    for task in swarm.tasks(service["ID"]):
        if task.error and form.has(task):
            return task.error
    return ""
