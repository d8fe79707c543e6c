"""Start of a process of the model host: in a new interpreter, or forked from a ``ForkServer``."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from modelhost.confinement import VARIABLE
from modelhost.fork_server import ENDED, LIBRARIES, MAX_REQUEST, NOTICE, STARTED
from modelhost.parent_process import own_id

DESCRIPTOR = "MODELHOST_FD"
FORK_SECONDS = 120.0
"""Time limit for the imports of a fork server; after it, each process has its own interpreter."""


class HostProcess(Protocol):
    """The interface of a process for ``ModelHost``; a part of ``subprocess.Popen``."""

    @property
    def pid(self) -> int:
        """Its id, which is that of its session."""
        ...

    @property
    def stderr(self) -> IO[str] | None:
        """Its standard error."""
        ...

    def poll(self) -> int | None:
        """Its exit code, or the negative number of the signal that ended it; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """``poll`` when it has ended; raises ``subprocess.TimeoutExpired``."""
        ...


@dataclass(frozen=True)
class HostCommand:
    """Command that starts the model host."""

    command: Sequence[str]
    """The interpreter of the model's environment and its options."""
    environment: Mapping[str, str]
    directory: Path
    """The project's code."""
    who: str = "the model"
    """The subject of messages: ``the recipe`` or ``the model``."""
    confine: Callable[[], object] | None = None
    """Restricts the process before its interpreter starts."""
    forks: ForkServer | None = None
    """Forks the process if it is one of the same interpreter, folder and variables."""

    def start(self, connection: socket.socket) -> HostProcess:
        """Start a process that answers on ``connection``, in a session of its own."""
        forked = self.forks.fork(self, connection) if self.forks is not None else None
        return forked or self.run("work", connection, stderr=subprocess.PIPE)

    def run(
        self, mode: str, connection: socket.socket, *, stderr: int | None, **more: str
    ) -> subprocess.Popen[str]:
        """Start a new interpreter in ``mode``, with ``more`` variables."""
        descriptor = connection.fileno()
        return subprocess.Popen(
            [*self.command, "-m", "modelhost", mode],
            env={**self.environment, **own_id(), DESCRIPTOR: str(descriptor), **more},
            cwd=self.directory,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=self.confine,
        )

    def shared(self) -> tuple[Sequence[str], Path, Mapping[str, str]]:
        """The properties that a forked process shares with its server: all but the confinement."""
        variables = {name: text for name, text in self.environment.items() if name != VARIABLE}
        return self.command, self.directory, variables


class ForkServer:
    """Forks processes of the model host that have imported the model's libraries already.

    A process that trains is never forked: two trainings in forked processes have objects at equal
    addresses, and would repeat what another interpreter does not.
    """

    def __init__(self, start: HostCommand) -> None:
        """``start``: interpreter, variables and confinement of the server, until it is ``warm``."""
        self._start = start
        self._process: subprocess.Popen[str] | None = None
        self._channel: socket.socket | None = None
        self._hangs = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def warm(self, libraries: Sequence[str]) -> None:
        """Start the server, which imports ``libraries``; without any there is nothing to gain."""
        if self._process is not None or not libraries:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            listed = {LIBRARIES: json.dumps(list(libraries))}
            try:
                self._process = self._start.run("fork", theirs, stderr=None, **listed)
            except OSError as error:  # such as a list longer than a variable may be
                sys.stderr.write(f"processes are not forked: {error}\n")
                ours.close()
                return
        self._channel = ours

    def fork(self, command: HostCommand, connection: socket.socket) -> HostProcess | None:
        """A process for ``command``; None if this server can't fork such a one."""
        request = command.environment.get(VARIABLE, "").encode()
        same = command.shared() == self._start.shared() and command.confine is None
        if self._channel is None or self._hangs or not same or len(request) >= MAX_REQUEST:
            return None
        reading, writing = os.pipe()
        ours, theirs = socket.socketpair()
        ours.settimeout(FORK_SECONDS)
        try:
            with theirs:
                sent = [connection.fileno(), writing, theirs.fileno()]
                socket.send_fds(self._channel, [request], sent)
            child = _notice(ours, STARTED)
        except TimeoutError:  # its imports hang
            child, self._hangs = None, True
        except OSError:  # it has ended
            child = None
        finally:
            os.close(writing)
        if child is None:
            os.close(reading)
            ours.close()
            return None
        ours.settimeout(None)
        return ForkedProcess(child, open(reading, encoding="utf-8", errors="replace"), ours)

    def close(self) -> None:
        """End the server, and with it the processes that it has forked."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._channel = None


class ForkedProcess:
    """A process that a fork server has started; it reports the end of the process."""

    def __init__(self, pid: int, stderr: IO[str], status: socket.socket) -> None:
        """``status``: gets the exit code; closed without one if server and process have ended."""
        self.pid = pid
        self.stderr = stderr
        self._status = status
        self._code: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._await, daemon=True).start()

    def poll(self) -> int | None:
        """As of ``subprocess.Popen``."""
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """As of ``subprocess.Popen``."""
        if not self._ended.wait(timeout) or self._code is None:
            raise subprocess.TimeoutExpired("modelhost work", timeout or 0.0)
        return self._code

    def _await(self) -> None:
        code = None
        try:
            with self._status:
                code = _notice(self._status, ENDED)
        finally:
            self._code = -int(signal.SIGKILL) if code is None else code
            self._ended.set()


def _notice(status: socket.socket, kind: bytes) -> int | None:
    """The number of the next notice; None if it is of another kind, or ``status`` is closed."""
    content = b""
    while len(content) < NOTICE.size:
        piece = status.recv(NOTICE.size - len(content))
        if not piece:
            return None
        content += piece
    received, number = NOTICE.unpack(content)
    return int(number) if received == kind else None
