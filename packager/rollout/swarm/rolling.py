"""Swarm's own rolling update, watched until it has completed or gone back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from packager.engine.swarm import Service, Swarm, SwarmTask
from packager.progress import Progress
from packager.rollout.swarm.spec import NewVersion, rolling_seconds, updated_spec

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


def roll(swarm: Swarm, service: Service, new: NewVersion, progress: Progress) -> RollResult:
    """Update ``service`` to ``new``, and watch.

    If the new tasks neither run nor fail in time, for example because no host has the memory, the
    earlier version is put back.
    """
    begun = time.monotonic()
    until = begun + rolling_seconds(service)
    swarm.change(service, updated_spec(service, new))
    last_message = ""
    while time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        state = swarm.update_state(service["ID"])
        if state.state in ENDED:
            outcome = ENDED[state.state]
            reason = "" if outcome == "completed" else _reason(swarm, service, new.image)
            if outcome != "completed":
                reason = reason or state.message
            return RollResult(outcome, reason, time.monotonic() - begun)
        line = progress_line(swarm.tasks(service["ID"]), new.image, state.state)
        if line != last_message:
            progress.step(f"rolling update: {line}")
            last_message = line
    reason = _reason(swarm, service, new.image) or "its tasks did not become healthy in time"
    now = swarm.named(service["Spec"]["Name"])
    if now is not None:
        swarm.change(now, service["Spec"])
    return RollResult("timed out", reason, time.monotonic() - begun)


def progress_line(tasks: list[SwarmTask], image: str, state: str) -> str:
    """How many tasks of ``image`` run, and what keeps the others waiting."""
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
