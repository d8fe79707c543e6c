"""A worker's connection with a model process, which is greeted, may lie, and may end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import serving.prediction.model_connection
from modelhost.wire import PREFIX, Message, MessageDecoder, encoded
from serving.prediction.errors import ModelProcessEndedError
from serving.prediction.member_messages import read_usage
from serving.prediction.model_connection import (
    MAX_ANSWER_BYTES,
    VERSION,
    ModelProcess,
    PendingRequest,
)

PATIENCE_SECONDS = 60.0


def data(header: dict[str, Any]) -> bytes:
    return b"".join(bytes(part) for part in encoded(Message(header)))


def hello(process: Any = None, version: Any = VERSION) -> bytes:
    return data({"hello": version, "pid": os.getpid() if process is None else process})


class Peer:
    """The process's end: it greets each connection with the next of ``greetings``."""

    def __init__(self, *greetings: bytes) -> None:
        self.greetings = deque(greetings)
        self.connections: list[asyncio.StreamWriter] = []
        self.received: list[dict[str, Any]] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        writer.write(self.greetings.popleft() if self.greetings else hello())
        decoder = MessageDecoder()
        while piece := await reader.read(1 << 16):
            self.received += [message.header for message in decoder.feed(piece)]
        writer.close()

    def send(self, sent: bytes) -> None:
        self.connections[-1].write(sent)


class Asking:
    """A ``ModelProcess`` and what it reported."""

    def __init__(self, address: str) -> None:
        self.ready = 0
        self.done: list[int] = []
        self.calls: list[Any] = []
        self.states: list[dict[str, str]] = []
        self.process = ModelProcess(address, self)
        self.task = asyncio.create_task(self.process.run())

    def process_ready(self) -> None:
        assert self.process.connected
        self.ready += 1

    def request_done(self, asked: PendingRequest) -> None:
        self.done.append(asked.number)

    def members_changed(self) -> None:
        self.states.append(self.process.members)

    def members_called(self, calls: Any) -> None:
        read_usage(calls)
        self.calls.append(calls)

    def ask(self, number: int, deadline: float | None = None) -> PendingRequest:
        until = time.monotonic() + 60 if deadline is None else deadline
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        asked = PendingRequest(
            number, Message({"verb": "predict", "id": number}), until, future, placed=True
        )
        self.process.send(asked)
        return asked


async def until(what: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


def run(folder: Path, peer: Peer, step: Callable[[Asking], Awaitable[None]]) -> None:
    """Run ``step`` with a connection that is made to ``peer``."""

    async def all_of_it() -> None:
        address = str(folder / "model")
        server = await asyncio.start_unix_server(peer.accept, address)
        asking = Asking(address)
        try:
            await asyncio.wait_for(step(asking), PATIENCE_SECONDS)
        finally:
            asking.task.cancel()
            await asyncio.gather(asking.task, return_exceptions=True)
            server.close()

    asyncio.run(all_of_it())


def test_requests_are_answered_in_any_order_and_each_is_done_once(tmp_path: Path) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        first, second = asking.ask(1), asking.ask(2)
        await until(lambda: len(peer.received) == 2)
        peer.send(data({"id": 2, "labels": "b"}) + data({"id": 1, "labels": "a"})[:9])
        assert (await second.future).header["labels"] == "b"
        assert not first.future.done()
        peer.send(data({"id": 1, "labels": "a"})[9:])
        assert (await first.future).header["labels"] == "a"
        assert asking.done == [2, 1]
        assert asking.process.load(frozenset()) == (False, False, 0)

    run(tmp_path, peer, step)


JOINED = {
    "ids": [2, 1],
    "counts": [1, 2],
    "rows": 3,
    "labels": {"as": "json", "values": ["a", "b", "c"]},
}


def test_answers_to_several_requests_come_in_one_message(tmp_path: Path) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        first, second = asking.ask(1), asking.ask(2)
        await until(lambda: len(peer.received) == 2)
        peer.send(data(JOINED))
        assert (await first.future).header["predictions"].labels == ["b", "c"]
        assert (await second.future).header["predictions"].labels == ["a"]
        assert asking.done == [2, 1]

    run(tmp_path, peer, step)


@pytest.mark.parametrize(
    "changed",
    [
        {"counts": [1, 1]},
        {"ids": [1]},
        {"ids": [1, 9]},
        {"ids": [1, 1]},
        {"labels": 3},
        {"rows": 2},
    ],
)
def test_joined_answers_of_another_form_end_the_connection(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        asked = [asking.ask(1), asking.ask(2)]
        await until(lambda: len(peer.received) == 2)
        peer.send(data({**JOINED, **changed}))
        await until(lambda: all(one.future.done() for one in asked))
        errors = [one.future.exception() for one in asked]
        assert any(isinstance(error, ModelProcessEndedError) for error in errors)
        assert sorted(asking.done) == [1, 2]

    run(tmp_path, peer, step)


@pytest.mark.parametrize(
    "greeting",
    [
        hello(version=VERSION + 1),
        hello("1"),
        hello(True),
        hello(-1),
        hello(1 << 70),
        data({"id": 1, "labels": []}),
        b"HTTP/1.1 200 OK\r\n\r\n" * 9,
        PREFIX.pack(b"MHW1", 10, MAX_ANSWER_BYTES + 1),
    ],
)
def test_a_process_that_greets_in_another_way_is_not_ready(tmp_path: Path, greeting: bytes) -> None:
    peer = Peer(greeting)

    async def step(asking: Asking) -> None:
        await until(lambda: len(peer.connections) == 2)
        await until(lambda: asking.ready == 1)  # the second connection's greeting was right
        assert asking.process.greeted_at > 0

    run(tmp_path, peer, step)


def greeting_with(**members: str) -> bytes:
    return data({"hello": VERSION, "pid": os.getpid(), "members": members})


def test_states_of_members_arrive_with_the_greeting_and_without_a_request(tmp_path: Path) -> None:
    peer = Peer(greeting_with(text="ready", price="ready"))

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        process = asking.process
        needed = frozenset({"price"})
        assert process.members == {"text": "ready", "price": "ready"}
        peer.send(data({"members": {"text": "ended", "price": "ready"}}))
        await until(lambda: process.members["text"] == "ended")
        assert process.waiting_member(needed) is None
        assert process.waiting_member(needed | {"text"}) == ("text", "ended")
        peer.send(data({"members": {"text": "ready", "price": "ended"}}))
        await until(lambda: process.members["price"] == "ended")
        assert process.load(needed) == (False, True, 0)
        peer.connections[-1].close()
        await until(lambda: process.members == {})

    run(tmp_path, peer, step)


def test_calls_of_members_are_told_though_nobody_waits_for_the_answer(tmp_path: Path) -> None:
    peer = Peer(greeting_with(text="ready"))
    calls = {"text": [[1], 0.5, 0.25, [1, 0, 0], []]}

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        asked = asking.ask(1)
        asked.future.set_exception(TimeoutError())
        peer.send(data({"id": 1, "labels": "a", "members": calls}))
        await until(lambda: asking.calls == [calls])
        assert asking.done == [1]
        assert isinstance(asked.future.exception(), TimeoutError)

    run(tmp_path, peer, step)


@pytest.mark.parametrize(
    "header",
    [
        {"members": "ready"},
        {"members": {"text": 1}},
        {"labels": []},
        {"id": 1, "members": {"text": [1]}},
        {"id": 1, "members": []},
    ],
)
def test_members_in_another_form_end_the_connection(tmp_path: Path, header: dict[str, Any]) -> None:
    peer = Peer(greeting_with(text="ready"), greeting_with(text="ready"))

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        asked = asking.ask(1)
        peer.send(data(header))
        with pytest.raises(ModelProcessEndedError):
            await asked.future
        await until(lambda: asking.ready == 2)

    run(tmp_path, peer, step)


def test_a_greeting_of_a_process_that_has_ended_is_none(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    peer = Peer(hello(gone.pid))

    async def step(asking: Asking) -> None:
        await until(lambda: len(peer.connections) == 2 and asking.ready == 1)

    run(tmp_path, peer, step)


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage of more than sixteen bytes",
        data({"id": 9, "labels": []}),
        data({"id": [1]}),
        data({"id": True}),
        data({"labels": []}),
        PREFIX.pack(b"MHW1", 10, MAX_ANSWER_BYTES + 1),
        PREFIX.pack(b"MHW1", 2, 0) + b"[]",
        b"MHW1",
    ],
)
def test_all_requests_end_with_a_process_that_sends_no_answer(tmp_path: Path, sent: bytes) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        asked = [asking.ask(5), asking.ask(6)]
        await until(lambda: len(peer.received) == 2)
        peer.send(sent)
        if sent == b"MHW1":
            peer.connections[-1].close()
        for one in asked:
            with pytest.raises(ModelProcessEndedError):
                await one.future
        assert asking.done == [5, 6]
        await until(lambda: asking.ready == 2)

    run(tmp_path, peer, step)


def test_nothing_may_come_before_a_request(tmp_path: Path) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        peer.send(b"M")
        await until(lambda: asking.ready == 2)

    run(tmp_path, peer, step)


def test_the_process_itself_is_watched_because_its_child_may_keep_the_connection(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        peer = Peer(hello(process.pid))

        async def step(asking: Asking) -> None:
            await until(lambda: asking.ready)
            asked = asking.ask(1)
            process.kill()
            with pytest.raises(ModelProcessEndedError):
                await asked.future
            assert asking.done == [1]

        run(tmp_path, peer, step)


def test_a_request_that_was_given_up_keeps_its_place_until_it_is_answered(tmp_path: Path) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        asked = asking.ask(1)
        asked.future.set_exception(TimeoutError())
        asking.process.cancel(asked)
        await until(lambda: len(peer.received) == 2)
        assert peer.received[1] == {"verb": "cancel", "id": 1}
        assert asking.done == []
        peer.send(data({"id": 1, "skipped": "cancelled"}))
        await until(lambda: asking.done == [1])
        asking.process.cancel(asked)  # nothing is sent: it is answered
        assert isinstance(asked.future.exception(), TimeoutError)
        probe = asking.ask(2)
        await until(lambda: len(peer.received) == 3)
        assert peer.received[2]["verb"] == "predict"
        probe.future.cancel()

    run(tmp_path, peer, step)


def test_a_request_is_owed_from_its_deadline_on(tmp_path: Path) -> None:
    peer = Peer()

    async def step(asking: Asking) -> None:
        await until(lambda: asking.ready)
        now = time.monotonic()
        late, later = asking.ask(1, now - 2), asking.ask(2, now - 3)
        timely = asking.ask(3, now + 60)
        assert asking.process.owed(now) == now - 3
        assert asking.process.load(frozenset()) == (True, False, 3)
        peer.send(data({"id": 1}) + data({"id": 2}))
        await asyncio.gather(late.future, later.future)
        assert asking.process.owed(now) == 0
        assert asking.process.load(frozenset()) == (False, False, 1)
        timely.future.cancel()

    run(tmp_path, peer, step)


def test_a_connection_that_nobody_greets_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving.prediction.model_connection, "GREETING_SECONDS", 0.05)
    peer = Peer(b"", b"", hello()[:10])

    async def step(asking: Asking) -> None:
        await until(lambda: len(peer.connections) == 4 and asking.ready == 1)
        await asyncio.sleep(0.3)
        assert asking.process.connected
        assert len(peer.connections) == 4

    run(tmp_path, peer, step)


def test_a_socket_that_nobody_listens_on_is_tried_again(tmp_path: Path) -> None:
    async def step() -> None:
        asking = Asking(str(tmp_path / "model"))
        await asyncio.sleep(0.1)
        assert not asking.process.connected
        peer = Peer()
        server = await asyncio.start_unix_server(peer.accept, tmp_path / "model")
        await until(lambda: asking.ready == 1)
        asking.task.cancel()
        await asyncio.gather(asking.task, return_exceptions=True)
        assert not asking.process.connected
        server.close()

    asyncio.run(step())
