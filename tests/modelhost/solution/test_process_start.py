from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelhost.solution.process_start import (
    ending,
    has_ended,
    how_it_ends,
    kill_group,
    member_python,
)


def test_its_environment_lies_beside_that_of_the_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert member_python("text") == sys.executable
    own = tmp_path / "members" / "text" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "model"))
    assert member_python("text") == str(own)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, "ended with exit code 0"),
        (70, "ended with exit code 70: its model ran out of memory"),
        (-9, "ended with signal SIGKILL"),
        (-99, "ended with signal 99"),
    ],
)
def test_how_a_process_ended(code: int, told: str) -> None:
    assert ending(code) == told


def test_an_end_is_seen_while_another_thread_waits_for_it() -> None:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    assert not has_ended(process)
    assert how_it_ends(process, 0.01) == "closed its connection"
    kill_group(process)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and not waited for
    assert has_ended(process)
    assert how_it_ends(process, 60) == "ended with signal SIGKILL"
    assert has_ended(process)
    kill_group(process)  # nothing is left
