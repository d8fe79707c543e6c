"""Messages about how a process ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager import exit_reason
from packager.exit_reason import ExitReason, kills_for_memory


@pytest.mark.parametrize(
    ("code", "out_of_memory", "reason", "hint"),
    [
        (3, False, "exit code 3, without a result", "os._exit"),
        (0, False, "exit code 0, without a result", "os._exit"),
        (1, False, "exit code 1, without a result", "os._exit"),
        (-11, False, "signal SIGSEGV: a crash in compiled code", "in which call"),
        (139, False, "signal SIGSEGV: a crash in compiled code", "in which call"),
        (-9, True, "signal SIGKILL: out of memory", "more memory"),
        (137, True, "signal SIGKILL: out of memory", "more memory"),
        (-9, False, "signal SIGKILL, sent by another process", "no sign of exhausted memory"),
        (
            -15,
            False,
            "signal SIGTERM, sent by another process",
            "find the process that sent the signal",
        ),
    ],
)
def test_an_end_names_its_real_reason(code, out_of_memory, reason, hint):
    ended = ExitReason(code, out_of_memory)
    assert ended.reason == reason
    assert hint in ended.hint
    assert ("memory" in ended.reason) == out_of_memory


def test_the_last_lines_are_reported():
    ended = ExitReason(1, output=[f"line {number}" for number in range(9)] + ["", "  "])
    assert "its last lines:\n  line 1\n" in ended.hint
    assert ended.hint.endswith("line 8")
    assert "it printed nothing" in ExitReason(1).hint


def test_the_count_of_the_control_group_comes_before_that_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exit_reason, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(exit_reason, "_MACHINE", tmp_path / "vmstat")
    assert kills_for_memory() is None
    (tmp_path / "vmstat").write_text("nr_free_pages 4\noom_kill 7\n")
    assert kills_for_memory() == 7
    (tmp_path / "cgroup").mkdir()
    (tmp_path / "cgroup/memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    assert kills_for_memory() == 2
