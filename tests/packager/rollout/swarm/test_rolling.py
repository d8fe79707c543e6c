"""What is said while a Swarm updates a service; test_update.py runs updates."""

from __future__ import annotations

from packager.engine.swarm import SwarmTask
from packager.rollout.swarm.rolling import TaskForm, progress_line

SET = frozenset({"MODEL_PORT=3000"})
WANTED = TaskForm("shop:2", SET)
NEW = SwarmTask("running", "running", "shop:2@sha256:0", "", SET)
OLD = SwarmTask("running", "running", "shop:1", "", SET)
ENDED = SwarmTask("failed", "shutdown", "shop:2", "task: non-zero exit (3)", SET)
PENDING = SwarmTask("pending", "running", "shop:2", "no suitable node (insufficient memory)", SET)


def test_new_tasks_are_counted_with_or_without_a_digest() -> None:
    assert progress_line([NEW, OLD, ENDED], WANTED, "updating") == "1 of 2 tasks are new"


def test_what_keeps_a_task_waiting_is_said() -> None:
    told = progress_line([PENDING, OLD], WANTED, "updating")
    assert told == "0 of 2 tasks are new; no suitable node (insufficient memory)"


def test_going_back_is_said() -> None:
    assert progress_line([OLD], WANTED, "rollback_started").endswith("are new; going back")


def test_tasks_with_other_variables_are_others() -> None:
    spec = {"TaskTemplate": {"ContainerSpec": {"Image": "shop:2", "Env": ["MODEL_SHADOW=a"]}}}
    assert not TaskForm.of(spec).has(NEW)
    assert TaskForm.of({"TaskTemplate": {"ContainerSpec": {"Image": "shop:2"}}}) == TaskForm(
        "shop:2", frozenset()
    )
