"""Run untrusted code as a tree of processes of which none outlives it, with memory of its own.

A started program can leave its process group and its parent. So the tree is a PID namespace, whose
processes the kernel ends with the first one; where the kernel denies that, the processes that lose
their parent become this process's children, and it ends them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from modelhost.parent_process import end_with_parent

_NEW_MOUNTS, _NEW_USER, _NEW_PIDS = 0x00020000, 0x10000000, 0x20000000
_NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 2, 4, 8
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14
_ADOPT_ORPHANS = 36
SHARED_MEMORY = "/dev/shm"


def run_alone(run: Callable[[bool], object]) -> None:
    """Call ``run`` in a child, end what it left behind, and end as the child ended.

    ``run`` gets whether shared memory is its own, and does not return. Never returns.
    """
    if not _leave_namespaces():
        _prctl(_ADOPT_ORPHANS)
        _end_as(_supervised(lambda: run(False)))
    reading, writing = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(reading)
        end_with_parent(
            0
        )  # its parent has no id in this namespace: whether it runs, the pipe tells
        if _has_no_reader(writing):
            os._exit(127)
        own = _mount_own()
        os.write(writing, str(_supervised(lambda: run(own))).encode())
        os._exit(0)
    os.close(writing)
    _, ended = os.waitpid(first, 0)
    with os.fdopen(reading, "rb") as pipe:
        _end_as(int(pipe.read() or ended))


def _leave_namespaces() -> bool:
    """Whether this process's children will have namespaces of processes and mounts of their own."""
    user, group = os.getuid(), os.getgid()
    if sys.platform != "linux" or _libc().unshare(_NEW_USER | _NEW_PIDS | _NEW_MOUNTS) != 0:
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with contextlib.suppress(OSError):
            Path(f"/proc/self/{name}").write_text(text)
    return True


def _mount_own() -> bool:
    """Mount own shared memory, and a ``/proc`` of this namespace; whether memory is its own."""
    safe = _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS
    if _libc().mount(None, b"/", None, _PRIVATE | _RECURSIVE, None) != 0:
        return False
    _libc().mount(b"proc", b"/proc", b"proc", safe, None)
    own: int = _libc().mount(b"shm", SHARED_MEMORY.encode(), b"tmpfs", safe, None)
    return own == 0


def _supervised(run: Callable[[], object]) -> int:
    """The wait status of a child that calls ``run``; its orphans are ended."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        end_with_parent(parent)
        try:
            run()
        except BaseException:
            traceback.print_exc()
        os._exit(127)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            break
    _end_children()
    return status


def _end_children() -> None:
    """Kill this process's children, and those that become its children by that."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        with contextlib.suppress(OSError, ValueError):
            for one in listing.read_text().split():
                os.kill(int(one), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _has_no_reader(pipe: int) -> bool:
    """Whether every process that could read from ``pipe`` has ended."""
    poll = select.poll()
    poll.register(pipe, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _end_as(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _prctl(option: int, value: int = 1) -> None:
    if sys.platform == "linux":
        _libc().prctl(option, value, 0, 0, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
