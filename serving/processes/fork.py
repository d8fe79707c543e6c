"""Starts processes by a fork, which share what the supervisor has imported and loaded.

A forked process runs a function, or replaces itself by another program.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from modelhost.parent_process import end_with_parent, has_lost

logger = logging.getLogger("serving")

_INTERRUPTED = 130
_ORPHANED = 1
_COMM_BYTES = 15


def fork(run: Callable[[], int], keep: Iterable[int], name: str = "") -> int:
    """Run ``run`` in a child process with a session of its own; return the process id.

    It inherits standard output and error and the descriptors ``keep``, and no others; no signal
    handlers; its standard input is empty. Its exit code is what ``run`` returns. ``name``: as
    ``ps`` and ``top`` show it. ``run`` isn't called if this process ends before the child begins.
    Raises ``OSError`` if there are too many processes.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal between the fork and the reset of handlers would be taken for the supervisor's own.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    parent = os.getpid()
    try:
        process = os.fork()
        if process == 0:
            if has_lost(parent):
                os._exit(_ORPHANED)
            _run(run, {0, 1, 2, *keep}, before, name)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def execute(
    command: Sequence[str],
    environment: Mapping[str, str],
    keep: Sequence[int],
    confine: Callable[[], object] | None = None,
    outputs: Sequence[int] = (),
) -> int:
    """Run a program in a child process, like ``fork``; return the process id.

    ``outputs``: its standard output and error, if they aren't those of this process. ``confine``
    restricts the child before the program starts. The child is killed when this
    process ends. Raises ``OSError`` if the program can't be started.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()

    def run() -> int:
        try:
            for descriptor in keep:
                os.set_inheritable(descriptor, True)
            for stream, output in enumerate(outputs, start=1):
                os.dup2(output, stream)
            end_with_parent(parent)
            if confine is not None:
                confine()
            os.execvpe(command[0], list(command), dict(environment))
        except OSError as error:
            os.write(writing, str(error.errno).encode())
        return 127

    try:
        process = fork(run, (*keep, *outputs, writing))
    finally:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            failure = pipe.read()
    if failure:
        os.waitpid(process, 0)
        raise OSError(int(failure), os.strerror(int(failure)), command[0])
    return process


def _run(run: Callable[[], int], keep: set[int], mask: Iterable[int], name: str) -> None:
    """In the child: never returns, so that no context of the supervisor ends here."""
    code = 1
    try:
        _begin(keep, mask, name)
        code = run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        logger.critical("the process ends", exc_info=True)
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _begin(keep: set[int], mask: Iterable[int], name: str) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)) or number == signal.SIGINT:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in keep:
            with contextlib.suppress(OSError):  # that of the listing is closed
                os.close(descriptor)
    if name:
        Path("/proc/self/comm").write_text(name[:_COMM_BYTES], encoding="utf-8")
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
