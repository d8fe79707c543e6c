"""A member whose model runs in a process and an environment of its own.

The flow's process starts it, and another one when it has ended. The two exchange the messages of
:mod:`modelhost.work` on a socket pair. The process inherits what confines the flow's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from socket import socket, socketpair
from typing import Any, Sequence

from modelhost.errors import PackageError
from modelhost.parent_process import own_id
from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.sandbox.network import is_network_refused
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.exchange import Exchange, ExchangeEndedError, ExchangeTimeoutError
from modelhost.solution.member_input import encoded_columns
from modelhost.solution.spec import MEMBERS, MemberSpec
from modelhost.wire import Message

MIN_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 10.0
"""Between two starts: twice as long after each process that ended while it loaded its model."""
STUCK_SECONDS = 10.0
"""A process that is that late with an answer is ended."""
LOAD_SECONDS = 600.0


class MemberProcess:
    """The process of a member, restarted when it ends; one request at a time."""

    def __init__(self, spec: MemberSpec, folder: Path) -> None:
        """Start the process; ``wait_until_ready`` waits until it has loaded the model."""
        self._spec = spec
        self._folder = folder
        self._specs = [one.as_json() for one in spec.features]
        self._lock = threading.Condition()
        self._exchange: Exchange | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reason = "loads its model"
        self._failure: PackageError | None = None
        self._pending: Asked | None = None
        self._closed = False
        self.has_probabilities = False
        self.classes: Any = spec.classes
        threading.Thread(target=self._keep, name=f"member-{spec.name}", daemon=True).start()

    def wait_until_ready(self) -> None:
        """Return when the first process has loaded the model; raises why it can't."""
        with self._lock:
            self._lock.wait_for(lambda: self._exchange or self._failure, LOAD_SECONDS)
            if self._failure is not None:
                raise self._failure
            if self._exchange is None:
                raise MemberUnavailableError(self._spec.name, self._reason, late=True)

    @property
    def state(self) -> str:
        """``ready``, or why it is not."""
        with self._lock:
            return "ready" if self._exchange is not None else self._reason

    @property
    def process_id(self) -> int | None:
        """The process that has loaded the model; None while there is none."""
        with self._lock:
            process = self._process
            return None if self._exchange is None or process is None else process.pid

    def start(self, columns: Sequence[Any], rows: int) -> Asked:
        """Send rows; the answer to an earlier request is awaited first."""
        if self._pending is not None:
            self._pending.settle()
        made = encoded_columns(columns, self._spec.features, rows)
        header = {"verb": "predict", "model": 0, "traced": False, "rows": rows}
        header = {**header, "specs": self._specs, "columns": made.described}
        self._pending = Asked(self, Message(header, made.buffers))
        return self._pending

    def send(self, message: Message) -> Exchange:
        """Send a message; raises ``MemberUnavailableError``."""
        with self._lock:
            exchange, reason = self._exchange, self._reason
        if exchange is None:
            raise MemberUnavailableError(self._spec.name, reason)
        try:
            exchange.send(message)
        except ExchangeEndedError as error:
            raise self._ended() from error
        return exchange

    def receive(self, exchange: Exchange, until: float | None) -> Message:
        """The answer, by ``until`` (``time.monotonic()``); raises ``MemberUnavailableError``."""
        try:
            return exchange.receive(until)
        except ExchangeTimeoutError as error:
            if exchange.overdue() > STUCK_SECONDS:
                self._kill()
            name = self._spec.name
            raise MemberUnavailableError(name, "did not answer in time", late=True) from error
        except ExchangeEndedError as error:
            raise self._ended() from error

    def predictions(self, answer: Message) -> Predictions:
        """What an answer holds; raises ``MemberRaisedError`` for an exception of the model."""
        if "error" in answer.header:
            told = answer.header["error"]
            raise MemberRaisedError(self._spec.name, told["message"], told["hint"])
        return decode_predictions(answer)

    def close(self) -> None:
        """End the process; no other one starts."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        self._kill()

    def _ended(self) -> MemberUnavailableError:
        with self._lock:
            self._lock.wait_for(lambda: self._exchange is None, 1.0)
            return MemberUnavailableError(self._spec.name, self._reason)

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _keep(self) -> None:
        """Start the process, and another one whenever it has ended."""
        pause = MIN_PAUSE_SECONDS
        while not self._closed:
            loaded = self._run()
            pause = MIN_PAUSE_SECONDS if loaded else min(2 * pause, MAX_PAUSE_SECONDS)
            with self._lock:
                self._lock.wait_for(lambda: self._closed, pause)

    def _run(self) -> bool:
        """Run one process to its end; whether it loaded the model."""
        process, connection = self._started()
        wake, stop = os.pipe()
        threading.Thread(target=_tell_end, args=(process, stop), daemon=True).start()
        loaded = self._load(Exchange(connection, os.fdopen(wake, "rb")), process)
        code = process.wait()
        with self._lock:
            self._exchange = None
            self._reason = f"{_ending(code)}; another process starts"
            self._lock.notify_all()
        if not self._closed:
            sys.stderr.write(f"member {self._spec.name!r}: its process {self._reason}\n")
        return loaded

    def _started(self) -> tuple[subprocess.Popen[bytes], socket]:
        ours, theirs = socketpair()
        with theirs:
            code = self._folder / "code"
            process = subprocess.Popen(
                [member_python(self._spec.name), "-m", "modelhost", "work"],
                env={**_variables(code), **own_id(), "MODELHOST_FD": str(theirs.fileno())},
                cwd=str(code),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._process = process
        return process, ours

    def _load(self, exchange: Exchange, process: subprocess.Popen[bytes]) -> bool:
        """Have the process load the model; if it can't, end it, and keep why."""
        try:
            exchange.send(Message(self._spec.header(self._folder)))
            answer = exchange.receive(time.monotonic() + LOAD_SECONDS)
        except ExchangeTimeoutError:
            self._fail(f"took over {LOAD_SECONDS:g} s to load the model")
            return False
        except ExchangeEndedError:
            self._fail(f"its process {_ending(process.wait())} while it loaded the model")
            return False
        if "error" in answer.header:
            told = answer.header["error"]
            self._fail(told["message"], told["hint"])
            return False
        with self._lock:
            model = answer.header["model"]
            self.has_probabilities = model["has_probabilities"]
            self.classes = None if model["classes"] is None else tuple(model["classes"])
            self._exchange = exchange
            self._lock.notify_all()
        return True

    def _fail(self, message: str, hint: str = "the log says more") -> None:
        self._kill()
        with self._lock:
            self._failure = PackageError(f"member {self._spec.name!r}: {message}", hint)
            self._lock.notify_all()


class Asked:
    """A request to the process; its answer is kept until it is waited for."""

    def __init__(self, process: MemberProcess, message: Message) -> None:
        self._process = process
        self._answer: Message | None = None
        self._error: MemberUnavailableError | None = None
        self._exchange: Exchange | None = None
        self.own = 0.0
        """Seconds that the model took; known after ``wait``."""
        try:
            self._exchange = process.send(message)
        except MemberUnavailableError as error:
            self._error = error

    def wait(self, until: float | None) -> Predictions:
        """The predictions by ``until``; raises as the call of a member."""
        self._fetch(until)
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        self.own = float(self._answer.header.get("seconds", 0.0))
        return self._process.predictions(self._answer)

    def settle(self) -> None:
        """Have the answer here, before another request is sent."""
        self._fetch(None)

    def _fetch(self, until: float | None) -> None:
        if self._answer is None and self._error is None:
            assert self._exchange is not None
            try:
                self._answer = self._process.receive(self._exchange, until)
            except MemberUnavailableError as error:
                self._error = error


def member_python(name: str) -> str:
    """The interpreter of a member's environment, which lies beside that of the flow.

    Elsewhere than in an image there may be one environment for all.
    """
    own = Path(sys.prefix).parent / MEMBERS / name / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def _variables(code: Path) -> dict[str, str]:
    """The flow's variables, with the member's interpreter and code in place of the flow's."""
    host = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([host, str(code), str(code / "src")])
    network = "off" if is_network_refused() else "on"
    return {**os.environ, "PYTHONPATH": path, "MODELHOST_NETWORK": network}


def _tell_end(process: subprocess.Popen[bytes], stop: int) -> None:
    """Close ``stop`` when the process has ended: a child of it may keep the connection open."""
    process.wait()
    os.close(stop)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"ended with signal {signal.Signals(-code).name}"
    except ValueError:
        return f"ended with signal {-code}"
