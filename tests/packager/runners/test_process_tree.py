"""No process of a build outlives it, whether or not the kernel offers namespaces."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager.runners import process_tree

LEAVES = """
import os, sys
from packager.runners import process_tree
if sys.argv[1] == "without":
    process_tree._leave_namespaces = lambda: False
def run(own):
    open(sys.argv[2], "w").write(str(own))
    open(f"/dev/shm/left-{sys.argv[3]}", "w").close()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", sys.argv[3]])
        os._exit(0)
    os.wait()
    eval(sys.argv[4])
process_tree.run_alone(run)
"""


def tree(kind: str, told: Path, seconds: str, ends: str) -> int:
    command = [sys.executable, "-c", LEAVES, kind, str(told), seconds, ends]
    environment = {**os.environ, "PYTHONPATH": str(Path(process_tree.__file__).parents[2])}
    return subprocess.run(command, env=environment, check=False, timeout=120).returncode


def running(seconds: str) -> bool:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if place.read_bytes() == f"sleep\0{seconds}\0".encode():
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize("kind", ["with", "without"])
@pytest.mark.parametrize(
    ("ends", "code"),
    [("os._exit(0)", 0), ("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
     ("os.abort()", -signal.SIGABRT), ("1 / 0", 127)],
)  # fmt: skip
def test_what_a_build_leaves_behind_is_ended_and_its_end_is_passed_on(tmp_path, kind, ends, code):
    seconds = str(10_000 + os.getpid())
    assert tree(kind, tmp_path / "told", seconds, ends) == code
    for _ in range(600):
        if not running(seconds):
            break
        time.sleep(0.05)
    assert not running(seconds)
    left = Path(f"/dev/shm/left-{seconds}")
    own = (tmp_path / "told").read_text()
    try:
        assert kind == "with" or own == "False"
        assert left.exists() is (own == "False")
    finally:
        left.unlink(missing_ok=True)


def test_a_pipe_says_whether_its_reader_has_ended() -> None:
    reading, writing = os.pipe()
    assert not process_tree._has_no_reader(writing)
    os.close(reading)
    assert process_tree._has_no_reader(writing)
    os.close(writing)
