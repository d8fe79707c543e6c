"""Runs ``package``; every process is stopped at the end, also after Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from demo_parts import paths
from demo_parts.printing import command

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(arguments: Sequence[str], keep: int | None = None, *, check: bool = True) -> str:
    """Run ``package`` with its progress on the terminal; return its standard output.

    If it fails, exit with its code, or without ``check`` return an empty text.
    """
    command("package " + " ".join(arguments))
    with started(arguments) as process:
        output, _ = process.communicate()
    lines = output.splitlines()
    for line in lines[:keep]:
        print(f"  {line}")
    if keep is not None and len(lines) > keep:
        print(f"  … {len(lines) - keep} more lines")
    if process.returncode == 0:
        return output
    if check:
        sys.exit(process.returncode)
    return ""


@contextmanager
def started(
    arguments: Sequence[str], stderr: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process of ``package``, which is stopped at the end of the block.

    It is in a process group of its own, so that Ctrl-C reaches this program only. This program
    passes it on once, and waits until the process has removed its containers and partial files.
    """
    process = None
    try:
        with deferred_signals():  # the process may run before its constructor returns
            process = subprocess.Popen(
                [paths.PACKAGE, *arguments],
                cwd=paths.WORK,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                process_group=0,
            )
        yield process
    except KeyboardInterrupt:
        told = f"stopping `package {arguments[0]}`, which removes what it has started"
        print(f"\n{told}", file=sys.stderr)
        raise
    finally:
        if process and process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate()


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Handle the signals that stop the demo at the end of the block only."""
    arrived: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: arrived.append(number))
        for number in STOPPING_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in arrived[:1]:
        signal.raise_signal(number)


def stopped_by_signals(program: Callable[[], None]) -> int:
    """Run ``program``; return its exit code: 130 after a signal that stops it."""
    for number in STOPPING_SIGNALS:  # a shell in the background ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        program()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0
