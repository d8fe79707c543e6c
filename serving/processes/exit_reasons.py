"""Why a worker ended, as the log reports it, and the delay before the next one starts."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from typing import Literal, Self

from modelhost.errors import EXIT_OUT_OF_MEMORY
from serving.processes.cgroup import MemoryEvents

Reason = Literal["memory", "signal", "exit", "hang"]

MAX_PAUSE_SECONDS = 60.0
STABLE_SECONDS = 60.0
"""A worker that ran this long didn't end because of its startup."""

_MIB = 1 << 20
_TOO_LITTLE = "give the container more memory, or set a larger MODEL_PROCESS_MEMORY"
_CAUSES: dict[int, str] = {
    signal.SIGKILL: "likely cause: memory, of this container or its host, or `kill -9`",
    signal.SIGSEGV: "likely cause: a fault in a library's native code, or too deep a recursion",
    signal.SIGABRT: "likely cause: a check in a library's native code",
    signal.SIGILL: "likely cause: a library compiled for another CPU",
    signal.SIGFPE: "likely cause: a fault in a library's native code",
    signal.SIGBUS: "likely cause: a mapped file was truncated, or its disk is full",
    signal.SIGXCPU: "likely cause: a limit on CPU time",
}


@dataclass(frozen=True)
class WorkerExit:
    """End of a process."""

    reason: Reason
    text: str
    """The end of a sentence that begins with the worker's name."""
    hint: str = ""

    def of_model(self, code: int, *, reported: bool) -> Self:
        """The same of a model process with exit code ``code`` (negative: a signal's number).

        ``reported``: it reported an error of loading the model, which has a hint of its own.
        """
        if code == EXIT_OUT_OF_MEMORY:
            text = f"{self.text}: the model ran out of memory (MemoryError)"
            return replace(self, reason="memory", text=text, hint=_TOO_LITTLE)
        if self.hint or reported:
            return self
        if self.reason == "hang":
            return replace(self, hint="likely cause: a call that never returns, see `stacks` above")
        if code >= 0:
            hint = "likely cause: an error above in this log, or code of the model that exits"
            return replace(self, hint=hint)
        return replace(self, hint="likely cause: a signal or timer of the model's own code")

    @classmethod
    def of(
        cls,
        status: int,
        memory: MemoryEvents | None,
        hang: str | None = None,
        excess: str | None = None,
    ) -> WorkerExit:
        """From a wait status; ``memory`` if the container's limit was the cause.

        ``hang`` or ``excess`` (of its own limit on memory) if the supervisor killed it.
        """
        if excess is not None:
            hint = "set a larger MODEL_PROCESS_MEMORY, or find out why the model needs so much"
            return cls("memory", f"was killed: {excess}", hint)
        if hang is not None:
            return cls("hang", f"was killed: {hang}")
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return cls("exit", f"ended with exit code {code}")
        name = _name(-code)
        if memory is None:
            return cls("signal", f"was killed by {name}", _CAUSES.get(-code, ""))
        limit = f" of {memory.limit // _MIB} MiB" if memory.limit else ""
        return cls(
            "memory",
            f"was killed by {name} because the memory limit{limit} was reached",
            "give the container more memory, or set fewer MODEL_WORKERS",
        )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


class RestartBackoff:
    """The delay before a worker is restarted: it doubles while workers end soon after start."""

    def __init__(self) -> None:
        self._next = 0.0

    def after(self, lived: float) -> float:
        """Seconds to wait after a worker that ran for ``lived`` seconds: 0, 1, 2, 4, … 60."""
        if lived >= STABLE_SECONDS:
            self._next = 0.0
        pause = self._next
        self._next = min(MAX_PAUSE_SECONDS, max(1.0, 2 * pause))
        return pause
