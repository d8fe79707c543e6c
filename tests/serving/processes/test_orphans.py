"""Processes that another has left in sessions of their own, in a process that adopts them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[3]
SCRIPT = """
import os, subprocess, sys, time
from serving.processes.orphans import adopt, end_orphans, orphans

def leave(mark, count=1):
    '''Processes of a process that has ended, each in its own session.'''
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    code = (
        "import subprocess, sys\\n"
        "for _ in range(int(sys.argv[1])):\\n"
        "    print(subprocess.Popen(sys.argv[2:], start_new_session=True, stdout=2).pid)"
    )
    environment = {**os.environ, "TMPDIR": mark} if mark else {}
    told = subprocess.run(
        [sys.executable, "-c", code, str(count), *sleep],
        env=environment, stdout=subprocess.PIPE, check=True,
    )
    return {int(one) for one in told.stdout.split()}

def lives(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

adopt()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
known = {child.pid}
try:
    exec(sys.argv[1])
finally:
    child.kill()
    end_orphans({child.pid}, "", ())
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, code], cwd=TOP, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_a_process_left_is_found_and_ended_and_children_are_not() -> None:
    out = run(
        "left = leave('/tmp/one', 3)\n"
        "print(set(orphans(known, '/tmp/one', [])) == left)\n"
        "print(end_orphans(known, '/tmp/one', []))\n"
        "print(any(map(lives, left)), child.poll())\n"
        "print(end_orphans(known, '/tmp/one', []))"
    )
    assert out.split() == ["True", "3", "False", "None", "0"]


def test_what_another_running_process_left_stays() -> None:
    out = run(
        "one, two = leave('/tmp/one'), leave('/tmp/two')\n"
        "print(end_orphans(known, '/tmp/one', ['/tmp/two']))\n"
        "print(any(map(lives, one)), all(map(lives, two)))"
    )
    assert out.split() == ["1", "False", "True"]


def test_a_process_without_a_mark_is_a_models_too_but_in_a_container() -> None:
    out = run(
        "left = leave(None)\n"
        "os.getpid = lambda: 1\n"
        "print(orphans(known, '/tmp/one', []))\n"
        "del os.getpid\n"
        "from posix import getpid\n"
        "os.getpid = getpid\n"
        "print(set(orphans(known, '/tmp/one', [])) == left)"
    )
    assert out.split() == ["[]", "True"]


def test_what_has_ended_by_itself_is_reaped_and_not_counted() -> None:
    out = run(
        "code = 'import os; os.fork() or os._exit(0)'\n"
        "subprocess.run([sys.executable, '-c', code], check=True)\n"
        "while not (left := orphans(known, '/x', [])): pass\n"
        "while any(') Z' not in open(f'/proc/{one}/stat').read() for one in left): pass\n"
        "print(end_orphans(known, '/x', []), orphans(known, '/x', []))"
    )
    assert out.split() == ["0", "[]"]
