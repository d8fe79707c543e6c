"""A worker's connection with one model process.

The supervisor listens on the socket, so a connection is accepted as soon as the process has loaded
the model. A child that the model has forked may keep the connection open after the process ended,
so the process itself is watched, too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from modelhost.joined_answers import separated
from modelhost.predictions import Predictions
from modelhost.wire import MAX_HEADER_BYTES, Message, MessageDecoder, WireError
from packager.errors import PackageError
from serving.prediction.errors import ModelProcessEndedError
from serving.prediction.member_messages import READY, read_states
from serving.prediction.request_encoding import encoded_request

VERSION = 2
MAX_ANSWER_BYTES = 256 << 20
"""A process that begins a larger message is disconnected, before it fills the worker's memory."""
GREETING_SECONDS = 10.0
MAX_GREETING_SECONDS = 600.0
"""A connection without a handshake is opened again after these seconds, each time twice as many.

While a process loads the model, it accepts no connection. But a process or thread that the model
has left could accept one, and say nothing.
"""
MIN_PAUSE_SECONDS = 0.02
MAX_PAUSE_SECONDS = 1.0
"""Between attempts to connect: twice as long after each that had no success."""

logger = logging.getLogger("serving")


Read = TypeVar("Read")


class PendingRequest:
    """A request on its way."""

    __slots__ = ("deadline", "future", "message", "number", "placed", "process")

    def __init__(
        self,
        number: int,
        message: Message,
        deadline: float,
        future: asyncio.Future[Message],
        *,
        placed: bool,
    ) -> None:
        self.message = message
        self.deadline = deadline
        self.future = future
        self.number = number
        self.process: ModelProcess | None = None
        """The process that has the request; None while it waits for one."""
        self.placed = placed
        """Whether the request limit of the worker counts it."""


class Owner(Protocol):
    """Is notified about a process."""

    def process_ready(self) -> None:
        """It has loaded the model."""

    def request_done(self, request: PendingRequest) -> None:
        """A request has its answer, or the process ended."""

    def members_changed(self) -> None:
        """The states of its members are other ones."""

    def members_called(self, calls: Any) -> None:
        """An answer came with calls of members; raises ``ValueError`` for another form."""


class ModelProcess:
    """One model process: the connection with it, and the requests that it has."""

    def __init__(self, address: str, owner: Owner) -> None:
        self._address = address
        self._owner = owner
        self._link: _Link | None = None
        self.greeted_at = 0.0
        """``time.monotonic()`` when a process was last ready."""
        self.in_flight: dict[int, PendingRequest] = {}
        self.members: dict[str, str] = {}
        """Of a solution: member → ``ready``, or why it is not."""

    @property
    def connected(self) -> bool:
        """Whether it takes requests."""
        return self._link is not None

    def owed(self, now: float) -> float:
        """The earliest deadline that has passed of the requests that it has; 0 if none has."""
        deadlines = (one.deadline for one in self.in_flight.values())
        return min((deadline for deadline in deadlines if deadline < now), default=0.0)

    def load(self, needed: frozenset[str]) -> tuple[bool, bool, int]:
        """Load of the process: of two, the one with less gets the next request.

        First an overdue answer, then a member of ``needed`` that is not ready, then their number.
        """
        oldest = next(iter(self.in_flight.values()), None)
        overdue = oldest is not None and oldest.deadline < time.monotonic()
        return overdue, self.waiting_member(needed) is not None, len(self.in_flight)

    def waiting_member(self, needed: frozenset[str]) -> tuple[str, str] | None:
        """The first member of ``needed`` that is not ready, and why."""
        for name, state in self.members.items():
            if state != READY and name in needed:
                return name, state
        return None

    def send(self, request: PendingRequest) -> None:
        """Send a request; its future gets the answer, or ``ModelProcessEndedError``."""
        assert self._link is not None
        request.process = self
        self.in_flight[request.number] = request
        self._link.send(request.message)

    def cancel(self, request: PendingRequest) -> None:
        """Tell the process that nobody waits for an answer; one follows nevertheless."""
        if self._link is not None and request.number in self.in_flight:
            self._link.send(Message({"verb": "cancel", "id": request.number}))

    async def run(self) -> None:
        """Connect, and again whenever the process has ended, until this task is cancelled."""
        loop = asyncio.get_running_loop()
        pause, patience = MIN_PAUSE_SECONDS, GREETING_SECONDS
        while True:
            link = _Link(self)
            try:
                await loop.create_unix_connection(partial(_same, link), self._address)
                impatient = loop.call_later(patience, link.close_if_not_greeted)
                await link.ended
                impatient.cancel()
            except OSError as error:
                logger.warning("the model's process can't be reached: %s", error.strerror)
            finally:
                link.close()
            pause = MIN_PAUSE_SECONDS if link.greeted else min(2 * pause, MAX_PAUSE_SECONDS)
            patience = GREETING_SECONDS if link.greeted else min(2 * patience, MAX_GREETING_SECONDS)
            await asyncio.sleep(pause)

    def greeted(self, link: _Link, members: Mapping[str, str]) -> None:
        """Note that the process is ready, and the states of its members."""
        self._link = link
        self.greeted_at = time.monotonic()
        self.set_member_states(members)
        self._owner.process_ready()

    def set_member_states(self, members: Mapping[str, str]) -> None:
        """Note the states of the members."""
        self.members = {**members}
        self._owner.members_changed()

    def answered(self, message: Message) -> None:
        """Pass an answer on; raises ``WireError`` if nothing was asked, or for a wrong form."""
        if self.members and "id" not in message.header:
            self.set_member_states(_checked(read_states, message.header.get("members")))
            return
        calls = message.header.pop("members", None)
        if calls is not None:
            _checked(self._owner.members_called, calls)
        if "ids" in message.header:
            for number, predictions in _separated(message):
                self._answered(number, Message({"id": number, "predictions": predictions}))
        else:
            self._answered(message.header.get("id"), message)

    def _answered(self, number: Any, message: Message) -> None:
        pending = self.in_flight.pop(number, None) if type(number) is int else None
        if pending is None:
            raise WireError("expected an answer to a request, got another")
        if not pending.future.done():
            pending.future.set_result(message)
        self._owner.request_done(pending)

    def lost(self, link: _Link) -> None:
        """Fail the requests that the process had."""
        if self._link is not link:
            return
        self._link = None
        self.set_member_states({})
        had, self.in_flight = self.in_flight, {}
        for pending in had.values():
            if not pending.future.done():
                pending.future.set_exception(ModelProcessEndedError())
            self._owner.request_done(pending)


def _checked(read: Callable[[Any], Read], header: Any) -> Read:
    try:
        return read(header)
    except ValueError as error:
        raise WireError(str(error)) from error


def _separated(message: Message) -> list[tuple[int, Predictions]]:
    try:
        return [*separated(message)]
    except (PackageError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise WireError(f"expected answers to several requests, got another: {error}") from error


def _same(link: _Link) -> _Link:
    return link


class _Link(asyncio.Protocol):
    """One connection, from ``hello`` to its end."""

    def __init__(self, process: ModelProcess) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._decoder = MessageDecoder(MAX_HEADER_BYTES, MAX_ANSWER_BYTES)
        self._transport: asyncio.Transport | None = None
        self._watched: int | None = None
        self.greeted = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take the messages that have become whole; end the connection at anything else."""
        if not self._transport or self._transport.is_closing():
            return
        try:
            if self.greeted and not self._process.in_flight and not self._process.members:
                raise WireError("expected nothing before a request, got a message")
            for message in self._decoder.feed(data):
                if self.greeted:
                    self._process.answered(message)
                else:
                    self._greet(message.header)
        except WireError as error:
            logger.error("the model's process sent something else than an answer: %s", error)
            self.close()

    def close_if_not_greeted(self) -> None:
        """End a connection without a handshake."""
        if not self.greeted:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Fail what was asked."""
        self.close()

    def send(self, message: Message) -> None:
        """Send a message."""
        assert self._transport is not None
        self._transport.writelines(encoded_request(message))

    def close(self) -> None:
        """End the connection; more calls have no effect."""
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            os.close(self._watched)
            self._watched = None
        if self._transport is not None:
            self._transport.abort()
        if not self.ended.done():
            self.ended.set_result(None)
        self._process.lost(self)

    def _greet(self, hello: Mapping[str, Any]) -> None:
        process = hello.get("pid")
        if hello.get("hello") != VERSION or type(process) is not int:
            raise WireError("expected a greeting of this version, got another message")
        members = _checked(read_states, hello.get("members", {}))
        try:
            self._watched = os.pidfd_open(process)
        except (OSError, OverflowError) as error:
            raise WireError("expected the id of a process that runs, got another") from error
        self._loop.add_reader(self._watched, self.close)
        self.greeted = True
        self._process.greeted(self, members)
