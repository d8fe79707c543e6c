"""A solution whose members do all that harms their own processes: what clients and probes get."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hostile_solutions import hostile_solution
from long_cases import long
from serving_helpers import Server, start, wait_ready

pytestmark = [pytest.mark.server, pytest.mark.slow]

FINE = (200, "good")
GONE = {(503, "member_unavailable")}
LATE = {(504, "member_late"), (504, "deadline")}
"""The request ends a moment after its members' deadline: on a busy machine, before their answer."""
PATIENCE_SECONDS = 180.0
LIMITS = {
    "MODEL_DEADLINE_SECONDS": "3",
    "MODEL_HANG_SECONDS": "20",
    "MODEL_PROCESS_MEMORY": "1000M",
}


@dataclass(frozen=True)
class Watched:
    server: Server
    hold: Path
    """While this file is there, no process of ``victim`` loads its model."""

    def predict(self, member: str, attack: str = "fine") -> tuple[int, str]:
        """Status, and the answer or the code of the error."""
        reply = self.server.predict([{"member": member, "attack": attack}])
        if reply.status == 200:
            return 200, reply.json["predictions"][0]["prediction"]
        error = reply.json["error"]
        if error["code"].startswith("member_"):
            assert f"member {member!r}" in error["message"], error
        return reply.status, error["code"]

    def ready(self) -> tuple[int, str]:
        """Status and message of the readiness probe."""
        reply = self.server.get("/readyz")
        return reply.status, "" if reply.status == 200 else json.dumps(reply.json["error"])

    def begin(self) -> None:
        """Wait until every member answers."""
        for member in ("victim", "other", "spare"):
            wait_for(lambda member=member: self.predict(member) == FINE)
        wait_for(lambda: self.ready()[0] == 200)

    def members(self) -> dict[str, list[int]]:
        """Member → its processes."""
        found: dict[str, list[int]] = {}
        for flow in children(self.server.process.pid):
            for process in children(flow):
                with suppress(FileNotFoundError):  # it ended after it was listed
                    place = Path(os.readlink(f"/proc/{process}/cwd"))
                    found.setdefault(place.parent.name, []).append(process)
        return found


def children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(one) for task in tasks for one in task.read_text().split()]


def wait_for(what: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("members")
    server = start(hostile_solution(folder / "package"), folder, **LIMITS)
    wait_ready(server)
    yield Watched(server, folder / "hold")
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("attack", "answer", "why"),
    [
        ("kills_itself", GONE, "ended with signal SIGKILL"),
        ("sends_garbage", GONE, "sent something else than an answer"),
        ("never_returns", LATE, "gave no answer for 3 s after its deadline"),
        *long(
            ("exits", GONE, "ended with exit code 7"),
            ("runs_out_of_memory", GONE, "ended with exit code 70: its model ran out of memory"),
            ("leaves_a_daemon_and_exits", GONE, "ended with exit code 7"),
            ("sends_answers_to_nobody", GONE, "sent something else than an answer"),
            ("announces_too_much", GONE, "sent something else than an answer"),
            ("closes_its_connections", GONE, "(ended with exit code 1|closed its connection and)"),
            ("stops_itself", LATE, "gave no answer for 3 s after its deadline"),
        ),
    ],
)
def test_a_member_that_ends_is_named_and_replaced(
    watched: Watched, attack: str, answer: set[tuple[int, str]], why: str
) -> None:
    watched.begin()
    watched.hold.touch()
    try:
        assert watched.predict("victim", attack) in answer
        _, said = wait_for(lambda: (found := watched.ready())[0] == 503 and found)
        assert "member_restarting" in said
        assert re.search(f"member 'victim' of model claims {why}", said), said
        assert watched.server.get("/livez").status == 200
        assert watched.predict("other") == FINE
    finally:
        watched.hold.unlink()
    wait_for(lambda: watched.ready()[0] == 200)
    assert watched.predict("victim") == FINE


@pytest.mark.parametrize(
    "attack", ["prints", "forks", "leaves_threads", "leaves_a_daemon", "changes_signals"]
)
def test_a_member_that_does_anything_else_ends_nothing(watched: Watched, attack: str) -> None:
    watched.begin()
    before = watched.members()["victim"]
    assert watched.predict("victim", attack) == FINE
    assert watched.predict("victim") == FINE
    assert set(before) <= set(watched.members()["victim"])


def test_a_member_without_which_the_flow_does_is_no_reason_to_send_no_request(
    watched: Watched,
) -> None:
    watched.begin()
    (process,) = watched.members()["spare"]
    assert watched.predict("spare", "kills_itself") == (200, "none")
    assert watched.server.get("/readyz").status == 200
    wait_for(lambda: watched.predict("spare") == FINE)
    assert watched.members()["spare"] != [process]
    assert watched.predict("spare", "never_returns") == (200, "none")  # after its own deadline
    nulls = watched.server.metric("model_member_rows_total", member="spare", outcome="null")
    assert nulls >= 2


def test_a_row_without_an_answer_of_a_member_has_a_flag_in_every_protocol(
    watched: Watched,
) -> None:
    watched.begin()
    reply = watched.server.predict(
        [{"member": "other", "attack": "fine"}, {"member": "spare", "attack": "kills_itself"}]
    )
    assert [row["prediction"] for row in reply.json["predictions"]] == ["good", "none"]
    flags = [set(row["flags"]) for row in reply.json["predictions"]]
    assert [("spare:no_answer" in one) for one in flags] == [False, True]
    tensors = [
        {"name": name, "shape": [1], "datatype": "BYTES", "data": [text]}
        for name, text in (("member", "spare"), ("attack", "kills_itself"))
    ]
    wait_for(lambda: watched.predict("spare") == FINE)
    body = json.dumps({"inputs": tensors}).encode()
    answer = watched.server.request("POST", "/v2/models/claims/infer", body)
    found = {one["name"]: one["data"] for one in answer.json["outputs"]}
    assert "spare:no_answer" in found["flags"][0].split(";")


def test_two_members_work_at_the_same_time(watched: Watched) -> None:
    """In turn, they would take two thirds of the time that the request has."""
    watched.begin()
    began = time.monotonic()
    status, code = watched.predict("both", "takes_a_second")
    assert (status, code) == FINE
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_requests_of_others_go_on_while_a_member_is_stopped(watched: Watched) -> None:
    watched.begin()
    (process,) = watched.members()["victim"]
    os.kill(process, signal.SIGSTOP)
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(watched.predict("victim")))
    asking.start()
    asking.join()
    assert answers[0] in LATE
    assert watched.predict("other") == FINE
    wait_for(lambda: watched.predict("victim") == FINE)
    assert not runs(process)


def test_its_counts_are_in_the_metrics(watched: Watched) -> None:
    watched.begin()
    server = watched.server
    names = {"member": "victim"}

    def counts() -> tuple[float, ...]:
        return (
            server.metric("model_member_rows_total", outcome="answered", **names),
            server.metric("model_member_rows_total", outcome="failed", **names),
            server.metric("model_member_duration_seconds_count", **names),
            server.metric("model_member_predictions_total", bin="good", **names),
        )

    before = counts()
    reply = server.predict([{"member": "victim", "attack": "fine"}] * 5)
    assert reply.status == 200
    assert watched.predict("victim", "exits") in GONE
    after = counts()
    assert [new - old for new, old in zip(after, before, strict=True)] == [5, 1, 2, 5]
    assert server.metric("model_member_predictions_total", bin="bad", **names) == 0
    assert server.metric("model_member_reference_rows", bin="good", **names) == 7
    assert server.metric("model_member_own_seconds_total", **names) > 0
    wait_for(lambda: server.metric("model_member_ready", **names) == 1)


def test_its_memory_counts_with_the_flows(watched: Watched) -> None:
    watched.begin()
    flows = children(watched.server.process.pid)
    status, _ = watched.predict("victim", "leaks")
    assert status in (503, 504)
    wait_for(lambda: watched.ready()[0] == 200 and watched.predict("victim") == FINE)
    assert flows
    said = "MODEL_PROCESS_MEMORY", "its model ran out of memory"

    def is_told() -> bool:
        """On a busy machine a process that fills its memory slowly is ended as one that hangs."""
        if any(one in watched.server.log.read_text() for one in said):
            return True
        watched.predict("victim", "leaks")
        return False

    wait_for(is_told)
    wait_for(lambda: watched.ready()[0] == 200 and watched.predict("victim") == FINE)


def test_a_flow_that_is_killed_leaves_no_member(watched: Watched) -> None:
    watched.begin()
    members = watched.members()
    every = [one for processes in members.values() for one in processes]
    flows = {
        int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1]) for one in every
    }
    for flow in flows:
        os.kill(flow, signal.SIGKILL)
    wait_for(lambda: not any(map(runs, every)))
    wait_for(lambda: watched.ready()[0] == 200)
    assert not {*every} & {one for found in watched.members().values() for one in found}


@pytest.mark.long
def test_a_server_that_is_killed_leaves_no_member_and_two_flows_have_a_set_each(
    tmp_path: Path,
) -> None:
    package = hostile_solution(tmp_path / "package", workers=2, processes=2)
    server = start(package, tmp_path, **LIMITS)
    wait_ready(server)
    watched = Watched(server, tmp_path / "hold")
    try:
        members = wait_for(
            lambda: (found := watched.members()) and {*map(len, found.values())} == {2} and found
        )
        wait_for(lambda: server.metric("model_member_ready", member="victim") == 2)
        os.kill(members["victim"][0], signal.SIGSTOP)
        os.kill(members["victim"][0], signal.SIGKILL)
        assert server.get("/readyz").status == 200  # the other flow has all of its members
        assert watched.predict("other") == FINE
    finally:
        server.process.kill()
        server.process.wait()
    wait_for(lambda: not any(runs(one) for found in members.values() for one in found))
