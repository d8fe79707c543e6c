from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from serving.processes.cgroup import MemoryEvents
from serving.processes.exit_reasons import RestartBackoff, WorkerExit


def test_a_kill_for_memory_names_the_limit_and_says_what_to_do() -> None:
    ending = WorkerExit.of(signal.SIGKILL, MemoryEvents(4, 512 << 20))
    assert ending.reason == "memory"
    assert ending.text == "was killed by SIGKILL because the memory limit of 512 MiB was reached"
    assert "more memory" in ending.hint


@pytest.mark.parametrize(
    ("status", "text", "hint"),
    [
        (signal.SIGKILL, "was killed by SIGKILL", "likely cause: memory"),
        (signal.SIGSEGV, "was killed by SIGSEGV", "native code"),
        (signal.SIGBUS, "was killed by SIGBUS", "its disk is full"),
        (signal.SIGABRT, "was killed by SIGABRT", "a check in a library's native code"),
        (signal.SIGTERM, "was killed by SIGTERM", ""),
        (40, "was killed by signal 40", ""),
    ],
)
def test_a_signal_is_named_with_its_likely_cause(status: int, text: str, hint: str) -> None:
    ending = WorkerExit.of(status, None)
    assert (ending.reason, ending.text) == ("signal", text)
    assert hint in ending.hint


def test_an_exit_code_and_a_hang_are_distinguished() -> None:
    assert WorkerExit.of(3 << 8, None) == WorkerExit("exit", "ended with exit code 3")
    assert WorkerExit.of(signal.SIGKILL, None, "it stood").text == "was killed: it stood"
    assert WorkerExit.of(signal.SIGKILL, None, "it stood").reason == "hang"


@pytest.mark.parametrize(
    ("status", "text", "hint"),
    [
        (0, "ended with exit code 0", "code of the model that exits"),
        (signal.SIGALRM, "was killed by SIGALRM", "timer of the model's own code"),
        (signal.SIGSEGV, "was killed by SIGSEGV", "a library's native code"),
    ],
)
def test_the_end_of_a_model_names_what_its_code_does(status: int, text: str, hint: str) -> None:
    code = os.waitstatus_to_exitcode(status)
    ending = WorkerExit.of(status, None).of_model(code, reported=False)
    assert ending.text == text
    assert hint in ending.hint
    assert WorkerExit.of(0, None).of_model(0, reported=True).hint == ""


def test_pauses_grow_to_a_minute_and_end_with_a_steady_run() -> None:
    pauses = RestartBackoff()
    assert [pauses.after(5) for _ in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert [pauses.after(61), pauses.after(5), pauses.after(5)] == [0, 1, 2]


def test_memory_events_of_both_versions(tmp_path: Path) -> None:
    second = tmp_path / "2"
    (second / "a/b").mkdir(parents=True)
    (second / "a/b/memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    (second / "a/b/memory.max").write_text("1048576\n")
    (tmp_path / "own2").write_text("0::/a/b\n")
    assert MemoryEvents.read(second, tmp_path / "own2") == MemoryEvents(2, 1 << 20)
    first = tmp_path / "1"
    (first / "memory").mkdir(parents=True)
    (first / "memory/memory.oom_control").write_text("under_oom 0\noom_kill 7\n")
    (first / "memory/memory.limit_in_bytes").write_text("9223372036854771712\n")
    (tmp_path / "own1").write_text("5:cpu:/x\n4:memory:/docker/abc\n0::/\n")
    assert MemoryEvents.read(first, tmp_path / "own1") == MemoryEvents(7, None)


def test_without_information_nothing_is_reported(tmp_path: Path) -> None:
    assert MemoryEvents.read(tmp_path, tmp_path / "none") == MemoryEvents(None, None)
