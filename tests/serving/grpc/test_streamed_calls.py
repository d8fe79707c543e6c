"""Calls with several answers, by frames made by hand: cut messages, bounds, the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from http2_client import FIELDS, HELLO, Frames, data, fields, frames, update

from serving.grpc import methods
from serving.grpc.framing import framed
from serving.grpc.messages import MESSAGES
from serving.grpc.protocol import GrpcProtocol
from serving.grpc.service import GrpcRequest, GrpcService
from serving.http.asgi import BodyReader
from serving.http.messages import RequestError, Response
from serving.http2.frames import Kind
from serving.settings import Settings

LIST = framed(MESSAGES["ServerReflectionRequest"](list_services="*").SerializeToString())
FILE = MESSAGES["ServerReflectionRequest"](file_by_filename="inference.proto")
WATCH = framed(b"")


class Handler:
    """Admits calls; ``loaded.unready`` decides about the health."""

    draining = False

    def __init__(self) -> None:
        self.loaded = SimpleNamespace(unready=None)
        self.counted: list[str] = []

    def authorize(self, _request: Any) -> Any:
        return self.loaded

    def refuse(self, request: GrpcRequest, error: Exception) -> Response:
        assert isinstance(error, RequestError)
        return request.refusal("", error)

    def account(self, request: GrpcRequest) -> None:
        self.counted.append(request.path)


class Wire:
    """A connection whose server's bytes are read as frames."""

    def __init__(self) -> None:
        self.handler = Handler()
        settings = Settings.from_environment({})
        service = GrpcService(self.handler, settings, BodyReader(10_000))  # type: ignore[arg-type]
        self.protocol = GrpcProtocol(service, set())
        self.client, self.sent = Frames(), bytearray()
        transport = SimpleNamespace(
            write=self.sent.extend,
            is_closing=lambda: False,
            is_reading=lambda: True,
            get_write_buffer_size=lambda: 0,
            close=lambda: None,
        )
        self.protocol.connection_made(transport)  # type: ignore[arg-type]
        self.given(HELLO)

    def given(self, received: bytes) -> list[tuple[int, Any]]:
        """(kind, payload or fields) of what the server sends for the bytes."""
        self.sent.clear()
        self.protocol.data_received(received)
        return self.told()

    def told(self) -> list[tuple[int, Any]]:
        found = [
            (one.kind, fields(one) if one.kind == Kind.HEADERS else one.payload)
            for one in frames(bytes(self.sent))
        ]
        self.sent.clear()
        return [one for one in found if one[0] in (Kind.HEADERS, Kind.DATA, Kind.RST_STREAM)]

    def head(self, stream: int, path: str) -> bytes:
        named = [(name, path if name == ":path" else value) for name, value in FIELDS]
        return self.client.head(stream, fields=named)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def statuses(told: list[tuple[int, Any]]) -> list[int]:
    kind = MESSAGES["HealthCheckResponse"]
    return [kind.FromString(what[5:]).status for one, what in told if one == Kind.DATA]


def ended(told: list[tuple[int, Any]]) -> bytes:
    assert told[-1][0] == Kind.HEADERS
    return bytes(told[-1][1][b"grpc-status"])


def test_a_watch_tells_the_status_and_each_change(wire: Wire) -> None:
    told = wire.given(wire.head(1, methods.WATCH) + data(1, WATCH))
    assert statuses(told) == [1]
    wire.protocol.close_idle(0.0)
    assert wire.told() == []
    wire.handler.loaded.unready = "starting"
    wire.protocol.close_idle(0.0)
    assert statuses(wire.told()) == [2]
    wire.handler.loaded.unready = None
    wire.protocol.close_idle(0.0)
    assert statuses(wire.told()) == [1]
    wire.handler.draining = True
    wire.protocol.drain()
    assert statuses(wire.told()) == [2]
    wire.protocol.finish()
    assert ended(wire.told()) == b"14"
    assert wire.handler.counted == [methods.WATCH]


def test_requests_of_reflection_may_be_cut_anywhere(wire: Wire) -> None:
    wire.given(wire.head(1, methods.REFLECT[0]))
    told = []
    for at in range(len(LIST * 2)):
        told += wire.given(data(1, (LIST * 2)[at : at + 1], flags=0))
    assert [kind for kind, _ in told] == [Kind.HEADERS, Kind.DATA, Kind.DATA]
    assert wire.given(data(1, b"")) == [(Kind.HEADERS, {b"grpc-status": b"0"})]


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        (methods.REFLECT[0], LIST[:-1], b"3"),
        (methods.REFLECT[0], framed(b"\xff"), b"3"),
        (methods.REFLECT[1], framed(b"x" * 5_000), b"8"),
        (methods.REFLECT[1], b"\1" + LIST[1:], b"12"),
        (methods.WATCH, b"", b"3"),
        (methods.WATCH, WATCH * 2, b"3"),
    ],
)
def test_what_is_no_request_ends_the_call(
    wire: Wire, path: str, sent: bytes, status: bytes
) -> None:
    assert ended(wire.given(wire.head(1, path) + data(1, sent))) == status
    assert statuses(wire.given(wire.head(3, methods.WATCH) + data(3, WATCH))) == [1]


def test_a_client_that_asks_and_does_not_read_is_stopped(wire: Wire) -> None:
    asked = framed(FILE.SerializeToString())
    told = wire.given(wire.head(1, methods.REFLECT[0]) + data(1, asked * 200, flags=0))
    assert told[-1][0] == Kind.RST_STREAM
    assert wire.protocol._connection.sender.unsent == 0


def test_answers_wait_for_the_client_s_window(wire: Wire) -> None:
    asked = framed(FILE.SerializeToString())
    told = wire.given(wire.head(1, methods.REFLECT[0]) + data(1, asked * 30))
    told += wire.given(update(0, 1 << 20) + update(1, 1 << 20))
    answers = b"".join(what for kind, what in told if kind == Kind.DATA)
    assert ended(told) == b"0"
    size = int.from_bytes(answers[1:5], "big") + 5
    assert len(answers) == 30 * size
