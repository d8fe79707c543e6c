from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from packager.exit_reason import MAX_LINES
from packager.worker.processes.run_to_end import run_to_end, worker_command

MARK = "import os, subprocess, sys, time;"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def test_every_line_is_passed_on_and_the_last_ones_are_kept() -> None:
    shown: list[str] = []
    ended = run_to_end(python("for i in range(20): print(i)\nprint('last', end='')"), shown.append)
    assert ended.code == 0
    assert shown == [*map(str, range(20)), "last"]
    assert list(ended.output) == shown[-MAX_LINES:]


def test_both_outputs_are_one_and_bytes_that_are_no_text_are_shown() -> None:
    shown: list[str] = []
    run_to_end(python("import os; os.write(2, b'a\\xff\\n')"), shown.append)
    assert shown == ["a\N{REPLACEMENT CHARACTER}"]


def test_the_end_is_reported_as_it_was() -> None:
    assert run_to_end(python("raise SystemExit(7)"), print).code == 7
    assert run_to_end(python("import os; os.kill(os.getpid(), 11)"), print).signal == "SIGSEGV"


def test_a_process_has_no_input_and_leads_a_session_of_its_own() -> None:
    shown: list[str] = []
    code = "import os, sys; print(sys.stdin.read() == '', os.getsid(0) == os.getpid())"
    run_to_end(python(code), shown.append)
    assert shown == ["True True"]


@pytest.mark.parametrize("timed", [False, True])
def test_what_it_started_ends_with_it(timed: bool, tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    wait = "time.sleep(600)" if timed else "pass"
    code = (
        f"{MARK} child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL, "
        f"stderr=subprocess.DEVNULL); open({str(noted)!r}, 'w').write(str(child.pid)); {wait}"
    )
    if not timed:
        assert run_to_end(python(code), print).code == 0
    for seconds in (2.0, 20.0, 120.0) if timed else ():  # a busy machine is slow to start it
        with pytest.raises(TimeoutError, match=f"it took over {seconds:g} s"):
            run_to_end(python(code), print, seconds=seconds)
        if noted.exists() and noted.read_text():
            break
    assert _ends(int(noted.read_text()))


def _ends(pid: int) -> bool:
    for _ in range(300):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        if not state or state.startswith("Z"):
            return True
        time.sleep(0.1)
    return False


def test_the_rest_is_given_to_the_process(tmp_path: Path) -> None:
    shown: list[str] = []
    code = "import os; print(os.getcwd(), os.environ['A'])"
    run_to_end(python(code), shown.append, cwd=tmp_path, env={**os.environ, "A": "b"})
    assert shown == [f"{tmp_path} b"]


def test_a_verb_of_the_worker_is_a_module_of_the_interpreter() -> None:
    assert worker_command("run", "job.json", python="/opt/venv/bin/python") == [
        "/opt/venv/bin/python", "-m", "packager.worker", "run", "job.json",
    ]  # fmt: skip
