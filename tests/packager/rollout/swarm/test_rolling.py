"""What is said while a Swarm updates a service; test_update.py runs updates."""

from __future__ import annotations

from packager.engine.swarm import SwarmTask
from packager.rollout.swarm.rolling import progress_line

NEW = SwarmTask("running", "running", "shop:2@sha256:0", "")
OLD = SwarmTask("running", "running", "shop:1", "")
ENDED = SwarmTask("failed", "shutdown", "shop:2", "task: non-zero exit (3)")
PENDING = SwarmTask("pending", "running", "shop:2", "no suitable node (insufficient memory)")


def test_new_tasks_are_counted_with_or_without_a_digest() -> None:
    assert progress_line([NEW, OLD, ENDED], "shop:2", "updating") == "1 of 2 tasks are new"


def test_what_keeps_a_task_waiting_is_said() -> None:
    told = progress_line([PENDING, OLD], "shop:2", "updating")
    assert told == "0 of 2 tasks are new; no suitable node (insufficient memory)"


def test_going_back_is_said() -> None:
    assert progress_line([OLD], "shop:2", "rollback_started").endswith("are new; going back")
