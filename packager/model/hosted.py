"""A process of the model host: it trains, loads and calls the project's model.

The process runs in the model's own environment. It may raise, exit, crash or hang without harm to
this process; every failure is a ``PackageError``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelhost.wire import Message, WireError, receive, send
from packager.errors import PackageError, UsageError
from packager.exit_reason import (
    LAST_WORDS_SECONDS,
    MAX_LINES,
    ExitReason,
    killed_for_memory,
    kills_for_memory,
    relay,
)
from packager.manifest.base import FeatureForm, Task
from packager.manifest.manifest import Recipe, Serve
from packager.model.host_process import HostCommand
from packager.model.hosted_model import HostedModel
from packager.model.readable_answers import readable_answer

if TYPE_CHECKING:
    import pandas as pd


class HostEndedError(PackageError):
    """The process ended, or was killed, before it answered."""


class HostTimeoutError(HostEndedError):
    """The process did not answer in time, and was killed."""


class SolutionMemberError(HostEndedError):
    """A member of a solution gave no answer; the process of its flow runs."""


class ProjectCodeError(PackageError):
    """The project's code, or a library that it calls, raised an exception."""

    def __init__(
        self, message: str, hint: str = "", kind: str = "", key: str | None = None
    ) -> None:
        super().__init__(message, hint)
        self.kind = kind
        """The name of the exception's class."""
        self.key = key
        """The text that was looked up, if it is a ``KeyError``."""


def kind_of(error: BaseException) -> str:
    """The class of what the project's code raised, or else of ``error``."""
    return error.kind if isinstance(error, ProjectCodeError) else type(error).__name__


def show(line: str) -> None:
    """Write a line of the process's output to stderr."""
    sys.stderr.write(f"{line}\n")


def discard(_: str) -> None:
    """Show nothing; the last lines still become part of the hint if the process ends."""


def load_header(path: Path, serve: Serve, task: Task) -> dict[str, Any]:
    """The request to load the model at ``path``."""
    return {
        "verb": "load",
        "path": str(path),
        "predictor": serve.predictor,
        "loader": serve.loader,
        "pickle_allow": serve.pickle_allow,
        "task": task,
        "takes": serve.features,
        "classes": serve.classes,
        "outputs": [output.spec.as_json() for output in serve.outputs],
    }


class ModelHost:
    """A running process of the model host; one request at a time."""

    def __init__(self, start: HostCommand, on_line: Callable[[str], object] = show) -> None:
        """Start the process, in a session of its own; ``on_line`` gets each line of its output."""
        ours, theirs = socket.socketpair()
        self._who = start.who
        self._connection = ours
        self._deadline: tuple[float, float] | None = None
        self._timed_out = False
        self._kills = kills_for_memory()
        self._last: deque[str] = deque(maxlen=MAX_LINES)
        with theirs:
            self._process = start.start(theirs)
        lines = self._process.stderr
        assert lines is not None
        self._relay = threading.Thread(target=relay, args=(lines, self._last, on_line), daemon=True)
        self._relay.start()
        # A child that the model has forked keeps the connection open: the process is watched.
        threading.Thread(target=self._end_with_process, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let all requests of the block take ``seconds`` together; then the process is killed."""
        self._deadline = (seconds, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._deadline = None

    def send(self, request: Message, seconds: float | None = None) -> Message:
        """The answer to one request, at most after ``seconds``.

        Raises ``HostEndedError`` or ``HostTimeoutError`` if there is none, and the ``PackageError``
        that the process reports.
        """
        limit, remaining = seconds, seconds
        if seconds is None and self._deadline is not None:
            limit, end = self._deadline
            remaining = max(0.0, end - time.monotonic())
        clock = None if remaining is None else threading.Timer(remaining, self._kill_late)
        try:
            if clock is not None:
                clock.start()
            send(self._connection, request)
            answer = receive(self._connection)
        except (OSError, WireError):
            answer = None
        finally:
            if clock is not None:
                clock.cancel()
        if answer is None:
            raise self._late(limit) if self._timed_out else self._ended()
        if "error" in answer.header:
            with readable_answer():
                error = reported(answer.header["error"])
            raise error
        return answer

    def load(self, path: Path, serve: Serve, task: Task) -> HostedModel:
        """Load the model at ``path``; raises ``PackageError``."""
        answer = self.send(Message(load_header(path, serve, task)))
        return HostedModel.read(self.send, task, answer)

    def train(
        self,
        recipe: Recipe,
        rows: pd.DataFrame,
        features: Sequence[str],
        targets: Sequence[str],
        takes: FeatureForm = "frame",
    ) -> None:
        """Call the recipe with these columns of ``rows``; the model stays in the process.

        ``takes``: the form of the features.

        Raises ``ProjectCodeError`` if it raises, and ``PackageError`` for what it returns.
        """
        from packager.model.frame_columns import frame_header

        header, buffers = frame_header(rows[[*features, *targets]])
        header |= {
            "verb": "train",
            "train": recipe.train,
            "params": recipe.params,
            "seed": recipe.seed,
            "takes": takes,
            "features": list(features),
            "targets": list(targets),
        }
        self.send(Message(header, buffers))

    def save(self, models: Path, predictor: str) -> str:
        """Write the trained model into the folder ``models``; return its loader."""
        header = {"verb": "save", "path": str(models), "predictor": predictor}
        answer = self.send(Message(header))
        with readable_answer():
            return str(answer.header["loader"])

    def environment(self) -> dict[str, Any]:
        """The parts of the process's environment that can change the last bits of a result."""
        answer = self.send(Message({"verb": "environment"}))
        with readable_answer():
            return dict(answer.header["environment"])

    def libraries(self) -> list[str]:
        """The modules of libraries that it has imported, for a ``ForkServer``."""
        answer = self.send(Message({"verb": "environment"}))
        with readable_answer():
            return [str(name) for name in answer.header["libraries"]]

    def close(self) -> None:
        """End the process and its children."""
        with suppress(OSError):
            self._connection.close()
        self._kill()
        self._process.wait()
        self._relay.join(LAST_WORDS_SECONDS)

    def _end_with_process(self) -> None:
        self._process.wait()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _kill_late(self) -> None:
        self._timed_out = True
        self._kill()

    def _late(self, seconds: float | None) -> HostTimeoutError:
        self.close()
        message = f"{self._who} took over {seconds:g} s"
        return HostTimeoutError(message, "reduce its run time or its data")

    def _ended(self) -> HostEndedError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.poll()
        self.close()
        if code is None:
            return HostEndedError(
                f"{self._who}'s process closed its connection, and was killed",
                "does the project's code close or write to the descriptors of its process?"
                " It must not",
            )
        ended = ExitReason(code, killed_for_memory(code, self._kills), tuple(self._last))
        return HostEndedError(f"{self._who}'s process ended with {ended.reason}", ended.hint)


def reported(error: Mapping[str, Any]) -> PackageError:
    """The error that a process describes in its answer."""
    message, hint = error["message"], error["hint"]
    if error["unavailable"]:
        return SolutionMemberError(message, hint)
    if error["exit_code"] == UsageError.exit_code:
        return UsageError(message, hint)
    if error["cause"] is None:
        return PackageError(message, hint)
    return ProjectCodeError(message, hint, error["cause"], error["missing_key"])
