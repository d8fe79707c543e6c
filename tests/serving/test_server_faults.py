"""When processes, the disk or the store of a server fail, everything else continues."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis_servers import redis_servers
from serving_helpers import Package, Server, start, wait_ready

pytestmark = pytest.mark.server

Starter = Callable[..., Server]
ROW = {"carat": 0.5, "color": "D", "tables": 55, "shop": "north"}
PATIENCE_SECONDS = 90.0
KEY = "hex:" + "6b" * 32


def children_of(server: Server) -> list[int]:
    pid = server.process.pid
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def wait_for(what: Callable[[], Any], server: Server) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < until, server.log.read_text()
        time.sleep(0.1)
    return found


def lines(server: Server) -> list[dict[str, Any]]:
    """The log, from its first line in JSON on; all that follow have to be."""
    text = server.log.read_text().splitlines()
    first = next((at for at, line in enumerate(text) if line.startswith("{")), len(text))
    return [json.loads(line) for line in text[first:]]


def told(server: Server, part: str) -> dict[str, Any] | None:
    return next((line for line in lines(server) if part in line["message"]), None)


def metric(server: Server, name: str, **labels: str) -> float:
    """As ``Server.metric``, without a wait for what was counted."""
    server.answered[0] = 0.0
    return server.metric(name, **labels)


def ready_again(server: Server, number: int, ended: int) -> bool:
    process = server.running_workers().get(number)
    if process is None or process == ended:
        return False
    try:
        return all(server.get("/readyz").status == 200 for _ in range(5))
    except OSError:
        return False


def test_a_killed_worker_is_reported_counted_and_replaced(
    package: Package, start_server: Starter
) -> None:
    server = start_server(package)
    assert metric(server, "model_worker_restarts_total") == 0
    process = server.workers()[1]
    os.kill(process, signal.SIGKILL)
    line = wait_for(lambda: told(server, f"worker 1 (process {process}) was"), server)
    assert line["message"].endswith("was killed by SIGKILL; another starts now")
    assert (line["level"], line["reason"], line["exit"]) == ("error", "signal", -9)
    assert "likely cause: memory" in line["hint"]
    wait_for(lambda: ready_again(server, 1, process), server)
    assert metric(server, "model_worker_restarts_total", reason="signal") == 1
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: told(server, "SIGHUP: nothing to do"), server)
    assert server.predict([ROW]).status == 200


def test_counts_outlive_the_folder_they_lie_in(package: Package, start_server: Starter) -> None:
    """As a program that tidies up temporary folders would have it."""
    server = start_server(package)
    for _ in range(30):
        assert server.predict([ROW]).status == 200
    name, labels = "model_slice_predictions_total", {"slice": "__all__"}
    assert server.metric(name, **labels) == 30
    shutil.rmtree(server.home)
    wait_for(lambda: metric(server, name, **labels) == 30, server)
    assert server.predict([ROW]).status == 200
    assert server.metric(name, **labels) == 31
    assert told(server, "deleted, cut off or replaced")["level"] == "error"
    process = server.workers()[1]
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: ready_again(server, 1, process), server)
    assert metric(server, name, **labels) == 31
    assert metric(server, "model_unwritten_increments_total") == 0


def test_a_hanging_worker_is_killed_and_replaced(package: Package, start_server: Starter) -> None:
    server = start_server(package, MODEL_HANG_SECONDS="3")
    process = server.workers()[2]
    wait_for(lambda: told(server, f"worker 2 (process {process}) is ready"), server)
    os.kill(process, signal.SIGSTOP)
    line = wait_for(lambda: told(server, f"worker 2 (process {process}) hangs"), server)
    assert line["message"].endswith("its event loop was blocked for 3 s")
    wait_for(lambda: ready_again(server, 2, process), server)
    assert metric(server, "model_worker_restarts_total", reason="hang") == 1


def model_process_of(server: Server) -> int:
    """The process of the model."""
    for child in children_of(server):
        if b"modelhost" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return child
    return 0


def predicts(server: Server, row: dict[str, Any]) -> bool:
    return server.predict([row]).status == 200


def test_a_model_that_never_returns_is_reported_with_its_stack(
    failing_package: Package, start_server: Starter
) -> None:
    server = start_server(failing_package, MODEL_HANG_SECONDS="4")
    process, workers = model_process_of(server), server.workers(1)
    assert server.predict([{"code": 5}]).status == 504
    assert server.get("/readyz").status == 503
    assert server.get("/readyz").json["error"]["code"] == "stuck"
    assert server.get("/livez").status == 200
    line = wait_for(lambda: told(server, f"model process 1 (process {process}) hangs"), server)
    assert "its model call did not return within 4 s after the deadline of 2 s" in line["message"]
    assert any("served" in place or "trouble.py" in place for place in line["stacks"])
    wait_for(lambda: server.get("/readyz").status == 200, server)
    assert predicts(server, {"code": 0})
    assert server.workers(1) == workers


@pytest.mark.parametrize(
    ("code", "ending"),
    [(6, "ended with exit code 7"), (7, "was killed by SIGKILL"), (8, "was killed by SIGSEGV")],
)
def test_a_model_that_ends_its_process_ends_no_worker(
    failing_server: Server, code: int, ending: str
) -> None:
    server = failing_server
    wait_for(lambda: predicts(server, {"code": 0}), server)
    process, workers = model_process_of(server), server.workers(1)
    failed = metric(server, "model_request_duration_seconds_count", code="5xx")
    reply = server.predict([{"code": code}])
    assert (reply.status, reply.json["error"]["code"]) == (503, "model_process_ended")
    assert reply.json["error"]["message"] == (
        "the process of model diamonds ended before it answered"
    )
    assert reply.headers["retry-after"] == "1"
    assert wait_for(lambda: told(server, f"model process 1 (process {process}) {ending}"), server)
    assert server.metric("model_request_duration_seconds_count", code="5xx") == failed + 1
    wait_for(lambda: server.get("/readyz").status == 200, server)
    wait_for(lambda: predicts(server, {"code": 0}), server)
    assert server.workers(1) == workers


def test_a_closed_log_stops_nothing(package: Package, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    lazy = {"MODEL_NATIVE": "lazy"}
    server = start(package, tmp_path, log_to=writing, MODEL_ACCESS_LOG="all", **lazy)
    os.close(writing)
    wait_ready(server)
    os.close(reading)
    process = server.workers()[1]
    for _ in range(20):
        assert server.predict([ROW]).status == 200
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: ready_again(server, 1, process), server)
    assert server.predict([{"carat": "x"}]).status == 422
    assert server.stop() == 0


def test_workers_end_with_a_supervisor_that_was_killed(package: Package, tmp_path: Path) -> None:
    server = start(package, tmp_path)
    wait_ready(server)
    processes = [*server.workers().values()]
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{one}").exists() for one in processes), server)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a Redis of this test's own."""
    with redis_servers(tmp_path) as begin:
        url, _ = begin()
        port = url.rpartition(":")[2].partition("/")[0]
        found = subprocess.run(
            ["pgrep", "-f", f"redis-server.*:{port}"], capture_output=True, text=True, check=True
        )
        yield url, int(found.stdout.split()[0])


def test_labels_sent_to_a_store_that_stalls_can_be_sent_again(
    package: Package, start_server: Starter, redis: tuple[str, int], tmp_path: Path
) -> None:
    url, process = redis
    (tmp_path / "keys").write_text(f"1:{KEY}\n")
    keys = str(tmp_path / "keys")
    server = start_server(package, MODEL_FEEDBACK_STORE=url, MODEL_FEEDBACK_KEY_FILE=keys)
    predicted = server.predict([ROW] * 40).json["predictions"]
    labels = [{"token": one["token"], "actual": "Ideal"} for one in predicted]
    body = json.dumps(labels).encode()
    os.kill(process, signal.SIGSTOP)
    try:
        assert server.request("POST", "/feedback", body).status == 503
        assert server.predict([ROW]).status == 200
    finally:
        os.kill(process, signal.SIGCONT)
    time.sleep(0.5)  # what the stalled server had been sent is carried out
    for _ in range(4):  # either worker
        assert server.request("POST", "/feedback", body).status == 200
    assert metric(server, "model_feedback_total", slice="__all__") == 40
