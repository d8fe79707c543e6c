"""Serving: one process answers the requests of all workers with the model.

Workers connect to a socket that the supervisor listens on, so a connection waits while the process
restarts. The process sends ``hello`` (the version of this protocol), ``pid`` and ``model`` (its
description), and then one answer for each request:

    {"verb": "predict", "id": …, "rows": …, "columns": …, "group": …, "deadline": …}
    {"verb": "call", "id": …, "path": …, "method": …, "sparse": …, "matrix": …, "shape": …}
    {"verb": "embed", "id": …, "rows": …, "columns": …, "function": …, "deadline": …}
    {"verb": "cancel", "id": …}

``call`` asks a part of the model (:mod:`modelhost.fitted_parts`), ``embed`` the embedding of a
sample of rows (:mod:`modelhost.embedding`). An answer holds ``id``, or the numbers of several
requests (:mod:`modelhost.joined_answers`), and the entries of :mod:`modelhost.served_model`, or
``skipped`` for a request that was cancelled or whose deadline passed, or ``full`` if too many
requests wait. One thread reads, predicts and writes.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelhost.columns import ColumnSpec, decode_columns
from modelhost.connection import Connection
from modelhost.errors import EXIT_OUT_OF_MEMORY, PackageError
from modelhost.frames import keep_text_plain
from modelhost.heartbeat import HostHeartbeat
from modelhost.joined_answers import PartAnswer, joined
from modelhost.model import load_model
from modelhost.pickles.before_load import pickles_allowed
from modelhost.request_queue import QueuedRequest, RequestQueue
from modelhost.served_model import ServedModel
from modelhost.session import read_outputs
from modelhost.wire import Message, WireError

VERSION = 2
IDLE_SECONDS = 0.5
"""Interval at which an idle process reports that it runs."""
FLUSH_SECONDS = 1.0
"""Seconds for which a process that is to end tries to send its answers."""
MAX_CONNECTIONS = 1_024


class Server:
    """Answers the requests of all connections."""

    def __init__(
        self, listening: socket.socket, model: ServedModel, hello: Message, limits: Any
    ) -> None:
        """``limits``: ``max_rows`` of a batch, ``max_requests`` in all, ``max_payload`` bytes."""
        listening.setblocking(False)
        self._listening = listening
        self._model = model
        self._hello = hello
        self._max_payload = limits["max_payload"]
        self._queue = RequestQueue(limits["max_rows"], limits["max_requests"])
        # Not epoll, whose state a child that the model forks would share.
        self._selector = selectors.PollSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self._connections: set[Connection] = set()
        self._states = model.members
        self._process = os.getpid()
        self._parent = os.getppid()
        os.register_at_fork(after_in_child=self._close_all)

    def run(self, heartbeat: HostHeartbeat) -> int:
        """Answer until the supervisor and all workers have ended; return the exit code."""
        while self._connections or os.getppid() == self._parent:
            heartbeat.beat()
            self._send_member_states()
            delay = self._queue.delay()
            self._exchange(IDLE_SECONDS if delay is None else delay)
            for late in self._queue.expired():
                self._answer(late, Message({"skipped": "deadline"}))
            if self._queue.delay() == 0:
                with heartbeat.busy():
                    self._predict(self._queue.take())
                if self._forked:
                    return 0
                if self._model.out_of_memory:
                    self._flush_all()
                    return EXIT_OUT_OF_MEMORY
        return 0

    @property
    def _forked(self) -> bool:
        """Whether this is a child that the model has forked, which must not answer."""
        return os.getpid() != self._process

    def _exchange(self, seconds: float) -> None:
        """Read and write all that is possible, after at most ``seconds``."""
        for key, events in self._selector.select(seconds):
            connection = key.data
            if connection is None:
                self._accept()
                continue
            try:
                if events & selectors.EVENT_WRITE:
                    connection.flush()
                    self._watch(connection)
                if events & selectors.EVENT_READ:
                    for message in connection.read():
                        self._take(connection, message)
            except WireError:
                self._close(connection)

    def _accept(self) -> None:
        try:
            accepted, _ = self._listening.accept()
        except BlockingIOError:
            return
        if len(self._connections) >= MAX_CONNECTIONS:
            accepted.close()
            return
        connection = Connection(accepted, self._max_payload)
        self._connections.add(connection)
        self._selector.register(accepted, selectors.EVENT_READ, connection)
        states = {"members": self._states} if self._states else {}
        self._send(connection, Message({**self._hello.header, **states}))

    def _send_member_states(self) -> None:
        """Tell the workers which members of a solution are ready, if that has changed."""
        states = self._model.members
        if states != self._states:
            self._states = states
            for connection in [*self._connections]:
                self._send(connection, Message({"members": states}))

    def _take(self, connection: Connection, message: Message) -> None:
        """Put a request into the queue; raises ``WireError`` for another message."""
        try:
            if message.header["verb"] == "cancel":
                number = message.header["id"]
                if self._queue.cancel(connection, number):
                    self._send(connection, Message({"id": number, "skipped": "cancelled"}))
                return
            request = QueuedRequest(connection, message)
        except KeyError as error:
            raise WireError(f"expected a request with {error}, got one without") from error
        if not self._queue.add(request):
            self._answer(request, Message({"full": True}))

    def _predict(self, batch: Sequence[QueuedRequest]) -> None:
        began = time.monotonic()
        try:
            answers = self._model.answers([request.message for request in batch])
        except (PackageError, KeyError, TypeError, ValueError) as error:  # another form
            sys.stderr.write(f"a request can't be read: {type(error).__name__}\n")
            for connection in {request.connection for request in batch}:
                self._close(connection)
            return
        if self._forked:
            return
        self._answer_batch(batch, answers)
        self._queue.finished(len(batch), time.monotonic() - began)

    def _answer_batch(
        self, batch: Sequence[QueuedRequest], answers: Sequence[Message | PartAnswer]
    ) -> None:
        """Answer each request; the parts of a batch that are for one connection together."""
        parts: dict[Connection, list[tuple[QueuedRequest, PartAnswer]]] = {}
        for request, answer in zip(batch, answers):
            if isinstance(answer, PartAnswer):
                parts.setdefault(request.connection, []).append((request, answer))
            else:
                self._answer(request, answer)
        for connection, own in parts.items():
            if len(own) == 1:
                self._answer(own[0][0], own[0][1].message)
            else:
                self._send(connection, joined([(one.number, part) for one, part in own]))

    def _answer(self, request: QueuedRequest, answer: Message) -> None:
        header = {"id": request.number, **answer.header}
        self._send(request.connection, Message(header, answer.buffers))

    def _send(self, connection: Connection, message: Message) -> None:
        if connection not in self._connections:
            return
        try:
            connection.send(message)
            self._watch(connection)
        except WireError:
            self._close(connection)

    def _watch(self, connection: Connection) -> None:
        events = selectors.EVENT_READ
        if connection.has_unsent:
            events |= selectors.EVENT_WRITE
        if self._selector.get_key(connection.socket).events != events:
            self._selector.modify(connection.socket, events, connection)

    def _close(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._queue.drop(connection)
            self._selector.unregister(connection.socket)
            connection.socket.close()

    def _flush_all(self) -> None:
        until = time.monotonic() + FLUSH_SECONDS
        while time.monotonic() < until and any(
            connection.has_unsent for connection in self._connections
        ):
            self._exchange(0.05)

    def _close_all(self) -> None:
        """In a child that the model has forked: keep no connection open."""
        for connection in self._connections:
            connection.socket.close()
        self._listening.close()


def _row(encoded: Any) -> list[Any] | None:
    """The values of an encoded row."""
    if encoded is None:
        return None
    buffers = [base64.b64decode(text) for text in encoded["buffers"]]
    return [column[0] for column in decode_columns(encoded["columns"], buffers, 1)]


def serve(listening: socket.socket, spec: str, heartbeat: HostHeartbeat) -> int:
    """Load the model that the file ``spec`` describes, and answer; return the exit code.

    Raises ``PackageError`` if the model can't be loaded.
    """
    keep_text_plain()
    settings = json.loads(Path(spec).read_text(encoding="utf-8"))
    own = os.getpid()
    outputs = read_outputs(settings)
    path, predictor, loader = Path(settings["path"]), settings["predictor"], settings["loader"]
    with pickles_allowed(settings.get("pickle_allow", ())):
        model = load_model(
            path, predictor, loader, settings["task"], outputs, settings.get("classes")
        )
    model = replace(model, takes=settings["takes"])
    if os.getpid() != own:
        return 0  # a child that the model has forked while it was loaded
    specs = [ColumnSpec.read(one) for one in settings["specs"]]
    served = ServedModel(model, specs, _row(settings["known"]), _row(settings["plain"]))
    served.count_predictions(settings.get("member_bins", {}))
    hello = Message({"hello": VERSION, "pid": os.getpid(), "model": model.described()})
    return Server(listening, served, hello, settings["limits"]).run(heartbeat)
