"""Processes by a fork: what they inherit, and how they end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from serving.processes.fork import execute, fork


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def told(run, *, keep=()) -> str:
    """What a forked process writes to the descriptor that ``run`` gets."""
    reading, writing = os.pipe()

    def runs() -> int:
        run(writing)
        return 0

    process = fork(runs, [writing, *keep])
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    assert ended(process) == 0
    return text


def test_the_exit_code_is_what_the_function_returns() -> None:
    assert ended(fork(lambda: 7, [])) == 7


@pytest.mark.parametrize(
    ("error", "code"), [(SystemExit(3), 3), (SystemExit(None), 0), (ValueError("secret"), 1)]
)
def test_an_exception_ends_the_process_alone(error: BaseException, code: int) -> None:
    def fails() -> int:
        raise error

    assert ended(fork(fails, [])) == code


def test_it_inherits_only_what_it_is_given() -> None:
    kept, left = os.memfd_create("kept"), os.memfd_create("left")

    def names(writing: int) -> None:
        found = set()
        for descriptor in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):  # that of the listing is closed
                found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        os.write(writing, " ".join(found).encode())

    text = told(names, keep=[kept])
    os.close(kept)
    os.close(left)
    assert "memfd:kept" in text
    assert "memfd:left" not in text
    assert "/dev/null" in text  # its standard input


def test_it_has_a_session_of_its_own_and_the_usual_handlers() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        assert told(
            lambda writing: (
                os.write(
                    writing,
                    f"{os.getsid(0) == os.getpid()} {signal.getsignal(signal.SIGTERM).name} "
                    f"{signal.getsignal(signal.SIGINT) is signal.default_int_handler} "
                    f"{signal.pthread_sigmask(signal.SIG_BLOCK, [])}".encode(),
                )
                and 0
            )
        ).split(maxsplit=3) == ["True", "SIG_DFL", "True", "set()"]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_no_context_of_the_parent_ends_in_the_child(tmp_path: Path) -> None:
    file = tmp_path / "ends"
    try:
        process = fork(lambda: 0, [])
    finally:
        with file.open("a") as notes:
            notes.write("once")
    assert ended(process) == 0
    assert file.read_text() == "once"


def test_a_program_is_confined_before_it_starts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", f"import os; open({str(out)!r}, 'w').write(os.getcwd())"]
    assert ended(execute(command, {}, [], lambda: os.chdir(tmp_path))) == 0
    assert out.read_text() == str(tmp_path)


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="/none/such"):
        execute(["/none/such"], {}, [])


def test_a_program_gets_its_descriptors() -> None:
    descriptor = os.memfd_create("given")
    command = [sys.executable, "-c", f"import os; os.write({descriptor}, b'told')"]
    assert ended(execute(command, {}, [descriptor])) == 0
    assert os.pread(descriptor, 10, 0) == b"told"
    os.close(descriptor)


def test_a_program_ends_with_the_process_that_started_it() -> None:
    reading, writing = os.pipe()

    def starts() -> int:
        process = execute(["sleep", "300"], {"PATH": os.environ["PATH"]}, [])
        os.write(writing, str(process).encode())
        return 0

    assert ended(fork(starts, [writing])) == 0
    process = int(os.read(reading, 99))
    until = time.monotonic() + 60
    while Path(f"/proc/{process}").exists():
        if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
            break
        assert time.monotonic() < until
        time.sleep(0.05)
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("start", ["fork", "execute"])
def test_a_process_whose_starter_is_killed_before_it_begins_ends(start: str) -> None:
    reading, writing = os.pipe()
    actual = os.fork

    def late() -> int:
        """A fork whose child begins after its parent has ended."""
        parent = os.getpid()
        process = actual()
        while process == 0 and os.getppid() == parent:
            time.sleep(0.01)
        return process

    def outlives(descriptor: int) -> int:
        os.write(descriptor, b"it runs")
        return 0

    def starts() -> int:
        os.fork = late
        os.write(writing, b"starts ")
        if start == "fork":
            fork(lambda: outlives(writing), [writing])
        else:
            program = f"import os; os.write({writing}, b'it runs')"
            execute([sys.executable, "-c", program], {}, [writing])
        time.sleep(300)
        return 0

    process = fork(starts, [writing])
    os.close(writing)
    assert os.read(reading, 99) == b"starts "
    children = Path(f"/proc/{process}/task/{process}/children")
    while not children.read_text():  # the one that waits for its parent's end
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    assert ended(process) == -signal.SIGKILL
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b""  # ends when the last process that holds it has ended
