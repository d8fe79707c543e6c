"""A member whose model runs in a process and an environment of its own.

The flow's process starts it, and another one when it has ended. The two exchange the messages of
:mod:`modelhost.session` on a socket pair. The process inherits what confines the flow's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from modelhost.errors import PackageError
from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.solution import process_start
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.exchange import GARBAGE, Exchange, ExchangeEndedError, ExchangeTimeoutError
from modelhost.solution.few_rows import MAX_ROWS, FewRows
from modelhost.solution.member_input import encoded_columns, member_columns
from modelhost.solution.pending_answer import PendingReply
from modelhost.solution.short_form import ShortRequest
from modelhost.solution.spec import MemberSpec
from modelhost.wire import Message

MIN_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 10.0
"""Between two starts: twice as long after each process that ended while it loaded its model."""
STUCK_SECONDS = 3.0
"""A process that is that late with an answer is ended."""
LOAD_SECONDS = 600.0
END_SECONDS = 1.0
"""Seconds for which the end of a process is awaited that has closed its connection."""
NOT_LOADED = "could not load its model"


class MemberProcess:
    """The process of a member, restarted when it ends; one request at a time."""

    def __init__(self, spec: MemberSpec, folder: Path) -> None:
        """Start the process; ``wait_until_ready`` waits until it has loaded the model."""
        self._spec = spec
        self._folder = folder
        self._few = FewRows(spec)
        self._lock = threading.Condition()
        self.turn = threading.RLock()
        """Held from a request to its answer: a flow may have threads."""
        self._exchange: Exchange | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reason = "loads its model"
        self._ended_for: str | None = None
        self._failure: PackageError | None = None
        self._pending: PendingReply | None = None
        self._watched: Exchange | None = None
        """The connection that a timer looks at because an answer is late."""
        self._closed = False
        self.has_probabilities = False
        self.classes: Any = spec.classes
        threading.Thread(target=self._keep_running, name=f"member-{spec.name}", daemon=True).start()

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

    def submit(self, rows: Any, until: float | None) -> tuple[PendingReply | None, int]:
        """Send ``rows``; the answer to an earlier request is awaited first.

        ``until``: the end of the request (``time.monotonic()``). None for no
        rows; second, their number. Raises ``MemberInputError``.
        """
        with self.turn:
            return self._submit(rows, until)

    def _submit(self, rows: Any, until: float | None) -> tuple[PendingReply | None, int]:
        queued = 0.0
        if self._pending is not None and not self._pending.is_settled:
            began = time.perf_counter()
            self._pending.settle(until)
            queued = time.perf_counter() - began
        count = len(rows) if hasattr(rows, "__len__") else 0
        values = None
        if 0 < count <= MAX_ROWS:
            self._announce()
            values = self._few.values(rows, count)
        if values is not None:
            request: Message | ShortRequest = ShortRequest(count, values)
        else:
            columns, count = member_columns(rows, self._spec)
            if not count:
                return None, 0
            encoded = encoded_columns(columns, self._spec.features, count)
            header = {"verb": "ask", "model": 0, "rows": count, "columns": encoded.described}
            request = Message(header, encoded.buffers)
        self._pending = PendingReply(self, request, count, until, queued)
        return self._pending, count

    def _announce(self) -> None:
        exchange = self._exchange
        if exchange is not None:
            try:
                exchange.announce()
            except ExchangeEndedError:
                return  # sending the request finds out how it ended

    def send(self, request: Message | ShortRequest, until: float | None) -> tuple[Exchange, int]:
        """Send a request; raises ``MemberUnavailableError``."""
        exchange = self._exchange
        if exchange is None:
            with self._lock:
                raise MemberUnavailableError(self._spec.name, self._reason)
        try:
            return exchange, exchange.send(request, until)
        except ExchangeTimeoutError as error:
            self._end(exchange, "did not read a request in time")
            raise self._late() from error
        except ExchangeEndedError as error:
            raise self._ended(exchange, error.why) from error

    def receive(self, exchange: Exchange, number: int, until: float | None) -> Message:
        """The answer, by ``until`` (``time.monotonic()``); raises ``MemberUnavailableError``."""
        try:
            return exchange.receive(number, until)
        except ExchangeTimeoutError as error:
            with self._lock:
                if self._watched is not exchange:
                    self._watched = exchange
                    self._watch(exchange, STUCK_SECONDS)
            raise self._late() from error
        except ExchangeEndedError as error:
            raise self._ended(exchange, error.why) from error

    def predictions(self, exchange: Exchange, answer: Message, rows: int) -> Predictions:
        """The predictions of an answer; raises ``MemberRaisedError`` for an exception of the model.

        For anything else than an answer it raises ``MemberUnavailableError``; the process is ended.
        """
        failure = answer.header.get("error")
        try:
            if failure is not None:
                raise MemberRaisedError(
                    self._spec.name, str(failure["message"]), str(failure["hint"])
                )
            predictions = answer.header.get("predictions")
            if type(predictions) is not Predictions:
                predictions = decode_predictions(answer)
            chances = predictions.probabilities
            whole = len(predictions.labels) == rows and (chances is None or len(chances) == rows)
            if not whole or (chances is None) == self.has_probabilities:
                raise ValueError(f"expected answers to {rows} rows")
        except MemberRaisedError:
            raise
        except (PackageError, KeyError, TypeError, ValueError, IndexError) as error:
            raise self._ended(exchange, GARBAGE) from error
        return predictions

    def close(self) -> None:
        """End the process; no other one starts."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        self._kill()

    def _late(self) -> MemberUnavailableError:
        return MemberUnavailableError(self._spec.name, "did not answer in time", late=True)

    def _ended(self, exchange: Exchange, why: str | None = None) -> MemberUnavailableError:
        """End of the process; ``why`` it is ended, else it has a moment to end by itself."""
        with self._lock:
            if why is not None or not self._is_gone(exchange):
                self._end(exchange, why or process_start.CLOSED)
                self._is_gone(exchange)
            return MemberUnavailableError(self._spec.name, self._reason)

    def _is_gone(self, exchange: Exchange) -> bool:
        """Whether the process of ``exchange`` ends within a second."""
        return self._lock.wait_for(lambda: self._exchange is not exchange, END_SECONDS)

    def _end(self, exchange: Exchange, why: str) -> None:
        """End the process of ``exchange``, if it still runs."""
        with self._lock:
            if self._exchange is exchange and self._kill():
                self._ended_for, self._reason = why, f"{why} and is ended"

    def _watch(self, exchange: Exchange, seconds: float) -> None:
        watch = threading.Timer(seconds, self._end_stuck, [exchange])
        watch.daemon = True
        watch.start()

    def _end_stuck(self, exchange: Exchange) -> None:
        """End a process that is too late with an answer; look again while one is missing."""
        with self._lock:
            overdue = exchange.overdue()
            if overdue >= 0.9 * STUCK_SECONDS:
                self._end(exchange, f"gave no answer for {STUCK_SECONDS:g} s after its deadline")
            elif overdue and self._exchange is exchange:
                self._watch(exchange, STUCK_SECONDS - overdue)
                return
            self._watched = None

    def _kill(self) -> bool:
        """End the process, and say whether it still ran."""
        process = self._process
        if process is None or process_start.has_ended(process):
            return False
        process_start.kill_group(process)
        return True

    def _keep_running(self) -> None:
        """Start the process, and another one whenever it has ended."""
        pause = MIN_PAUSE_SECONDS
        while not self._closed:
            try:
                loaded = self._run()
            except Exception as error:  # no descriptors or threads left, an answer of another form
                self._fail(f"its process can't be started: {type(error).__name__}: {error}")
                loaded = False
            pause = MIN_PAUSE_SECONDS if loaded else min(2 * pause, MAX_PAUSE_SECONDS)
            with self._lock:
                self._lock.wait_for(lambda: self._closed, pause)

    def _run(self) -> bool:
        """Run one process to its end; whether it loaded the model."""
        process, connection = process_start.started(self._spec.name, self._folder / "code")
        self._process = process
        if self._closed:
            self._kill()
        wake, stop = os.pipe()
        closing = process_start.close_at_end
        threading.Thread(target=closing, args=(process, stop), daemon=True).start()
        loaded = self._load(Exchange(connection, os.fdopen(wake, "rb")), process)
        code = process.wait()
        process_start.kill_group(process)  # what it has started ends with it
        with self._lock:
            self._exchange = None
            why, self._ended_for = self._ended_for, None
            ended = why is not None and code == -signal.SIGKILL
            how = f"{why} and was ended" if ended else process_start.ending(code)
            if not loaded:  # clients get the reason, the log what the project's code said
                how = NOT_LOADED
            self._reason = f"{how}; another process starts"
            self._lock.notify_all()
        if not self._closed:
            failure = "" if loaded or self._failure is None else f" ({self._failure.message})"
            sys.stderr.write(f"member {self._spec.name!r}: its process {self._reason}{failure}\n")
        return loaded

    def _load(self, exchange: Exchange, process: subprocess.Popen[bytes]) -> bool:
        """Have the process load the model; if it can't, end it, and keep why."""
        until = time.monotonic() + LOAD_SECONDS
        try:
            number = exchange.send(Message(self._spec.header(self._folder)), until)
            answer = exchange.receive(number, until)
        except ExchangeTimeoutError:
            self._fail(f"took over {LOAD_SECONDS:g} s to load the model")
            return False
        except ExchangeEndedError as error:
            how = error.why or process_start.how_it_ends(process, END_SECONDS)
            self._fail(f"its process {how} while it loaded the model")
            return False
        if "error" in answer.header:
            failure = answer.header["error"]
            self._fail(failure["message"], failure["hint"])
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
            self._reason = NOT_LOADED
            self._failure = PackageError(f"member {self._spec.name!r}: {message}", hint)
            self._lock.notify_all()
