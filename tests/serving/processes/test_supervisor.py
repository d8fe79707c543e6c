"""The supervisor with processes that are not workers. Each test runs as a script of its own,
because the supervisor handles the signals of its main thread.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[3]
SCRIPT = """
import json, os, sys, time
from pathlib import Path
from monitoring.metrics.restarts import RestartCounts
from packager.errors import PackageError
from serving.http import logs
from serving.processes.shared_descriptors import SharedNotes
from serving.processes.child import Child
from serving.processes.supervisor import Supervisor
from serving.processes.watchdog import Watchdog
from serving.http.worker_table import HeartbeatRecord, Heartbeats, Workers, make_table
from serving.processes import supervisor
supervisor.DRAIN_SECONDS = 2.0
logs.to_json()
table = make_table()
children = []
def running(script, number, notes):
    def run():
        exec(script, {"number": number, "notes": notes, "table": table, "Workers": Workers})
        return 0
    return run
for number, given in enumerate(json.loads(sys.argv[2]), 1):
    notes = SharedNotes.make()
    child = Child(f"worker {number}", notes=notes, slot=number, watchdog=Watchdog(2, 2))
    child.descriptors = [table, notes.failure, notes.stacks]
    if isinstance(given, str):
        child.run = running(given, number, notes)
    else:
        child.command, child.environment = given, os.environ
    children.append(child)
for name, given in json.loads(sys.argv[3]).items():
    child = Child(name, given["command"], os.environ, memory=given.get("memory"))
    if given.get("heartbeat"):
        child.heartbeat, child.watchdog = HeartbeatRecord(), Watchdog(2, 2)
        heartbeat = f"{child.heartbeat.descriptor}:0"
        child.environment = {**os.environ, "MODELHOST_HEARTBEAT": heartbeat}
        child.descriptors = [child.heartbeat.descriptor]
    if "check" in given:
        def check(changed=Path(given["check"])):
            if changed.exists():
                raise PackageError(f"{changed.name}: expected sha256 1, got 2", "build it again")
        child.check = check
    if "wanted" in given:
        child.trigger = os.open(given["wanted"], os.O_RDWR)
    children.append(child)
counts = RestartCounts(Path(sys.argv[1]), "m", "1")
try:
    Supervisor(children, Heartbeats(table), counts, 2.0).run()
except PackageError as error:
    sys.exit(f"{error.message}; {error.hint}")
"""
GIVES_UP = """
from packager.errors import PackageError
notes.report(PackageError("no model", "build it"))
"""
BEATS = """
import os, time
worker = Workers(table, 1)
notes.dump_stacks_on_signal()
worker.beat()
"""
BEATS_ELSEWHERE = """
import mmap, os, struct, time
descriptor, offset = map(int, os.environ["MODELHOST_HEARTBEAT"].split(":"))
struct.pack_into("QQ", mmap.mmap(descriptor, mmap.PAGESIZE), offset, time.monotonic_ns(), 0)
"""

Begin = Callable[..., "Run"]


class Run:
    def __init__(self, folder: Path, workers: tuple[Any, ...], others: dict[str, Any]) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, folder, json.dumps(workers), json.dumps(others)],
                cwd=TOP,
                stderr=file,
                start_new_session=True,
            )

    def told(self, part: str, times: int = 1) -> list[dict[str, Any]]:
        """Lines with ``part`` in their message, once there are so many."""
        until = time.monotonic() + 60
        while True:
            text = self.log.read_text().splitlines()
            found = [json.loads(line) for line in text if part in line and line.startswith("{")]
            if len(found) >= times:
                return found
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def begin(tmp_path: Path):
    runs: list[Run] = []

    def one(*workers: list[str] | str, **others: Any) -> Run:
        runs.append(Run(tmp_path, workers, others))
        return runs[-1]

    yield one
    for run in runs:
        run.process.kill()
        run.process.wait()


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_what_ends_is_started_again_and_again_with_growing_pauses(begin: Begin) -> None:
    run = begin(["sh", "-c", "exit 3"], ["sleep", "100"])
    lines = run.told("worker 1", 3)
    assert [line["pause_seconds"] for line in lines] == [0, 1, 2]
    assert [line["restarts"] for line in lines] == [1, 2, 3]
    assert lines[1]["message"].endswith("ended with exit code 3; another starts in 1 s")
    assert run.end() == 0
    assert "worker 2" not in run.log.read_text()


def test_what_cannot_be_started_leaves_the_others_alone(begin: Begin) -> None:
    run = begin(["/none/such"], ["sleep", "100"])
    (line, *_) = run.told("worker 1 can't be started", 2)
    assert "next try in 1 s: [Errno 2]" in line["message"]
    assert run.process.poll() is None
    assert run.end(signal.SIGINT) == 0


def test_a_package_that_no_worker_can_load_ends_the_server(begin: Begin) -> None:
    run = begin(GIVES_UP, ["sleep", "100"])
    assert run.process.wait(60) == 1
    assert run.log.read_text().endswith("no model; build it\n")


def test_a_package_that_some_worker_could_load_does_not(begin: Begin) -> None:
    script = BEATS + "time.sleep(0.5)\n" + GIVES_UP
    run = begin(script, ["sleep", "100"])
    (line,) = run.told("ended with exit code 0")
    assert (line["error"], line["hint"]) == ("no model", "build it")
    assert run.process.poll() is None


def test_a_hung_worker_says_where_it_is(begin: Begin) -> None:
    run = begin(BEATS + "def stuck():\n    time.sleep(100)\nstuck()\n")
    (line,) = run.told("hangs: its event loop was blocked for 2 s")
    assert any("in stuck" in place for place in line["stacks"])
    (line,) = run.told("was killed: its event loop")
    assert line["reason"] == "hang"


def test_a_worker_that_ignores_the_end_is_killed(begin: Begin, tmp_path: Path) -> None:
    up = tmp_path / "up"
    run = begin(["sh", "-c", f"trap '' TERM; touch {up}; sleep 100 & while :; do wait; done"])
    until = time.monotonic() + 60
    while not up.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert run.end() == 0
    assert "is killed: it did not end" in run.log.read_text()


def test_what_a_worker_started_ends_with_it(begin: Begin, tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    # The next worker leaves the file as it is.
    script = (
        f"[ -e {child_file} ] || {{ sleep 200 & echo $! > {child_file}; }}; sleep 1; kill -9 $$"
    )
    run = begin(["sh", "-c", script])
    run.told("was killed by SIGKILL")
    child = int(child_file.read_text())
    until = time.monotonic() + 60
    while Path(f"/proc/{child}").exists() and os.path.exists(f"/proc/{child}/exe"):
        state = Path(f"/proc/{child}/stat").read_text().split()[2]
        if state == "Z":
            break
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_process_that_uses_more_than_its_memory_is_killed_with_what_it_started(
    begin: Begin,
) -> None:
    script = "import subprocess, time\nsubprocess.Popen(['sleep', '300'])\n"
    script += "kept = [b'x' * (1 << 20) for _ in range(200)]\ntime.sleep(300)\n"
    run = begin(["sleep", "300"], model={"command": python(script), "memory": 100 << 20})
    (line,) = run.told("model (process")
    assert re.search(r"was killed: it used \d{3} MiB, and its limit is 100 MiB", line["message"])
    assert line["reason"] == "memory"
    assert "MODEL_PROCESS_MEMORY" in line["hint"]
    assert run.end() == 0


def test_a_hung_model_process_is_killed_and_started_again(begin: Begin) -> None:
    script = BEATS_ELSEWHERE + "time.sleep(300)\n"
    run = begin(["sleep", "300"], model={"command": python(script), "heartbeat": True})
    run.told("model (process", 1)
    (line,) = run.told("was killed: its event loop was blocked for 2 s")
    assert line["reason"] == "hang"
    run.told("is ready after", 2)


@pytest.mark.parametrize("on_demand", [False, True])
def test_a_model_that_was_changed_is_not_loaded_when_its_process_starts_again(
    begin: Begin, tmp_path: Path, on_demand: bool
) -> None:
    changed, started = tmp_path / "model", tmp_path / "started"
    changed.touch()
    given: dict[str, Any] = {"command": ["touch", str(started)], "check": str(changed)}
    if on_demand:
        os.mkfifo(tmp_path / "asked")
        given["wanted"] = str(tmp_path / "asked")
    run = begin(BEATS + "time.sleep(60)", model=given)
    if on_demand:
        with (tmp_path / "asked").open("r+b", buffering=0) as pipe:
            pipe.write(b".")
            run.process.wait(60)
    assert run.process.wait(60) != 0
    assert "model: expected sha256 1, got 2; build it again" in run.log.read_text()
    assert started.exists() is not on_demand  # the server has checked it at its own start


def test_a_process_on_demand_starts_with_its_first_use(begin: Begin, tmp_path: Path) -> None:
    asked, started = tmp_path / "asked", tmp_path / "started"
    os.mkfifo(asked)
    command = ["sh", "-c", f"touch {started}; sleep 300"]
    run = begin(["sleep", "300"], model={"command": command, "wanted": str(asked)})
    time.sleep(1.5)
    assert not started.exists()
    with asked.open("r+b", buffering=0) as pipe:
        pipe.write(b".")
        until = time.monotonic() + 60
        while not started.exists():
            assert time.monotonic() < until, run.log.read_text()
            time.sleep(0.05)
