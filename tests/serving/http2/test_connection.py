"""A connection without its socket: what a client may do, and what ends it."""

from __future__ import annotations

import pytest
from http2_client import HELLO, SETTINGS, Frames, data, fields, frames, update
from hypothesis import given
from hypothesis import strategies as st

from serving.http2.connection import Http2Connection
from serving.http2.frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    MAX_WINDOW,
    PREFACE,
    WORD,
    Code,
    Frame,
    Kind,
    frame,
)
from serving.http2.header_blocks import STATUS_200, literal
from serving.http2.streams import MAX_AT_ONCE, MAX_RESETS, MAX_STREAMS, WINDOW, Http2Stream

DONE = literal(b"grpc-status", b"0")


class Echo:
    """Answers with the body of the request, unless it is told to wait."""

    def __init__(self, *, waits: bool = False) -> None:
        self.waits = waits
        self.sent = bytearray()
        self.seen: list[Http2Stream] = []
        self.cancels: list[int] = []
        self.parts: list[int] = []
        self.connection = Http2Connection(self, self.sent.extend)
        self.connection.begin()

    def grown(self, stream: Http2Stream, more: int) -> None:
        self.parts.append(more)

    def requested(self, stream: Http2Stream) -> None:
        self.seen.append(stream)
        if not self.waits:
            self.answer(stream)

    def answer(self, stream: Http2Stream) -> None:
        self.connection.answer(stream, STATUS_200, bytes(stream.body), DONE)

    def cancelled(self, stream: Http2Stream) -> None:
        self.cancels.append(stream.number)

    def receive(self, *parts: bytes) -> list[Frame]:
        """What is sent for ``parts``, in one piece; our first settings left out."""
        del self.sent[:]
        if self.connection.receive(b"".join(parts)):
            while self.connection.receive(b""):
                pass
        return [*frames(bytes(self.sent))]

    def failed(self, *parts: bytes) -> Code:
        """The code with which ``parts`` end the connection."""
        last = self.receive(*parts)[-1]
        assert last.kind == Kind.GOAWAY
        assert self.connection.ended
        return Code(WORD.unpack_from(last.payload, 4)[0])


def bodies(found: list[Frame]) -> dict[int, bytes]:
    return {one.stream: one.payload for one in found if one.kind == Kind.DATA}


def test_the_settings_come_first() -> None:
    settings, window = frames(bytes(Echo().sent))
    assert (settings.kind, window.kind) == (Kind.SETTINGS, Kind.WINDOW_UPDATE)


def test_requests_in_one_piece_are_answered_in_their_order() -> None:
    made, echo = Frames(), Echo()
    found = echo.receive(HELLO, *(made.request(number, b"%d" % number) for number in (1, 3, 5)))
    assert bodies(found) == {1: b"1", 3: b"3", 5: b"5"}
    assert [one.kind for one in found if one.stream == 0] == [Kind.SETTINGS]
    assert echo.seen[0].headers[b":path"] == b"/a.B/C"


@given(st.lists(st.integers(1, 60), max_size=30))
def test_pieces_of_any_size_are_the_same(sizes: list[int]) -> None:
    made, echo = Frames(), Echo()
    whole = HELLO + made.request(1, b"one") + made.request(3, b"three")
    for size in sizes:
        echo.connection.receive(whole[:size])
        whole = whole[size:]
    echo.connection.receive(whole)
    assert [bytes(one.payload) for one in frames(bytes(echo.sent)) if one.kind == Kind.DATA] == [
        b"one",
        b"three",
    ]


@given(st.binary(max_size=300))
def test_no_bytes_raise_or_keep_anything(noise: bytes) -> None:
    for before in (b"", PREFACE, HELLO, HELLO + Frames().head(1)):
        echo = Echo(waits=True)
        again = echo.connection.receive(before + noise)
        while again:
            again = echo.connection.receive(b"")
        echo.connection.lost()
        assert echo.connection.streams == {}


def test_many_requests_take_several_turns() -> None:
    made, echo = Frames(), Echo()
    whole = b"".join(made.request(2 * number + 1, b"x") for number in range(MAX_AT_ONCE + 5))
    assert echo.connection.receive(HELLO + whole)
    assert len(echo.seen) == MAX_AT_ONCE
    assert not echo.connection.receive(b"")
    assert len(echo.seen) == MAX_AT_ONCE + 5


def test_more_requests_at_a_time_are_refused_one_by_one() -> None:
    made, echo = Frames(), Echo(waits=True)
    found = echo.receive(HELLO, *(made.request(2 * n + 1) for n in range(MAX_STREAMS + 1)))
    [refused] = [one for one in found if one.kind == Kind.RST_STREAM]
    assert (refused.stream, refused.payload) == (
        2 * MAX_STREAMS + 1,
        WORD.pack(Code.REFUSED_STREAM),
    )
    echo.answer(echo.seen[0])
    assert bodies(echo.receive(made.request(2 * MAX_STREAMS + 3))) == {}
    assert len(echo.connection.streams) == MAX_STREAMS


def test_a_ping_and_settings_are_acknowledged() -> None:
    echo = Echo()
    ping, settings = frame(Kind.PING, 0, 0, b"12345678"), frame(Kind.SETTINGS, 0, 0)
    found = echo.receive(HELLO, ping, settings, frame(Kind.PING, ACK, 0, b"12345678"))
    assert [(one.kind, one.flags, one.payload) for one in found] == [
        (Kind.SETTINGS, ACK, b""),
        (Kind.PING, ACK, b"12345678"),
        (Kind.SETTINGS, ACK, b""),
    ]


def test_a_long_body_renews_the_windows_and_is_whole() -> None:
    made, echo = Frames(), Echo(waits=True)
    echo.receive(HELLO, made.head(1))
    part, size, renewed = b"x" * 16_000, 0, []
    while size < 3 * WINDOW:
        renewed += [one.stream for one in echo.receive(data(1, part, 0))]
        size += len(part)
    echo.receive(data(1, b"", END_STREAM))
    assert len(echo.seen[0].body) == size
    assert renewed.count(0) == renewed.count(1) == 5
    assert sum(echo.parts) == size


def test_a_body_of_single_bytes_takes_no_more_memory_than_its_size() -> None:
    stream = Http2Stream(1, {})
    for _ in range(1_000):
        stream.add(b"x")
    assert bytes(stream.body) == b"x" * 1_000


def test_a_cancelled_request_is_reported_and_may_be_followed_by_others() -> None:
    made, echo = Frames(), Echo(waits=True)
    cancel = frame(Kind.RST_STREAM, 0, 1, WORD.pack(Code.CANCEL))
    echo.receive(HELLO, made.request(1), cancel, made.request(3))
    assert echo.cancels == [1]
    echo.answer(echo.seen[0])  # too late: nothing is sent
    echo.answer(echo.seen[1])
    assert bodies([*frames(bytes(echo.sent))]) == {3: b"body"}


def test_who_cancels_everything_is_disconnected() -> None:
    made, echo = Frames(), Echo(waits=True)
    echo.receive(HELLO)
    codes = []
    for number in range(1, 2 * MAX_RESETS + 5, 2):
        cancel = frame(Kind.RST_STREAM, 0, number, WORD.pack(Code.CANCEL))
        codes += [one.kind for one in echo.receive(made.request(number), cancel)]
    assert codes == [Kind.GOAWAY]
    assert len(echo.cancels) == MAX_RESETS + 1


def test_an_answer_before_the_body_has_come_ends_the_request() -> None:
    made, echo = Frames(), Echo()
    echo.receive(HELLO, made.head(1), data(1, b"part", 0))
    echo.connection.answer(echo.connection.streams[1], STATUS_200 + DONE)
    last = [*frames(bytes(echo.sent))][-1]
    assert (last.kind, last.payload) == (Kind.RST_STREAM, WORD.pack(Code.NO_ERROR))
    late = echo.receive(data(1, b"rest"), made.request(3))
    assert bodies(late) == {3: b"body"}


def test_an_answer_waits_for_the_client_s_window() -> None:
    made, echo = Frames(), Echo()
    big = b"y" * 16_000
    found = echo.receive(HELLO, made.head(1), *(data(1, big, 0) for _ in range(5)), data(1, big))
    assert sum(len(one.payload) for one in found if one.kind == Kind.DATA) == 65_535
    assert 1 in echo.connection.streams
    more = echo.receive(update(0, 100_000), update(1, 100_000))
    assert sum(len(one.payload) for one in more if one.kind == Kind.DATA) == 96_000 - 65_535
    assert fields(more[-1]) == {b"grpc-status": b"0"}
    assert echo.connection.streams == {}


def test_continued_header_blocks_and_trailers() -> None:
    made, echo = Frames(), Echo()
    head = made.head(1, 0)
    block = head[9:]
    parts = [
        frame(Kind.HEADERS, 0, 1, block[:5]),
        frame(Kind.CONTINUATION, 0, 1, block[5:9]),
        frame(Kind.CONTINUATION, END_HEADERS, 1, block[9:]),
        data(1, b"body", 0),
        made.head(1, END_HEADERS | END_STREAM, [("a", "b")]),
    ]
    assert bodies(echo.receive(HELLO, *parts)) == {1: b"body"}


def test_after_the_announced_end_requests_are_refused_and_those_before_answered() -> None:
    made, echo = Frames(), Echo(waits=True)
    echo.receive(HELLO, made.request(1))
    echo.connection.drain()
    echo.receive(made.request(3))
    del echo.sent[:]
    echo.connection.refuse_further()
    [goaway] = frames(bytes(echo.sent))
    assert WORD.unpack_from(goaway.payload, 0)[0] == 3
    [refused] = echo.receive(made.request(5))
    assert refused.payload == WORD.pack(Code.REFUSED_STREAM)
    for stream in echo.seen:
        echo.answer(stream)
    assert bodies([*frames(bytes(echo.sent))][1:]) == {1: b"body", 3: b"body"}


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([b"GET / HTTP/1.1\r\n\r\n"], Code.PROTOCOL_ERROR),
        ([HELLO, data(1, b"x")], Code.PROTOCOL_ERROR),
        ([HELLO, Frames().request(2)], Code.PROTOCOL_ERROR),
        ([HELLO, frame(Kind.PUSH_PROMISE, 0, 1)], Code.PROTOCOL_ERROR),
        ([HELLO, frame(Kind.CONTINUATION, 0, 1)], Code.PROTOCOL_ERROR),
        ([HELLO, Frames().head(1, 0), SETTINGS], Code.PROTOCOL_ERROR),
        ([HELLO, update(0, 0)], Code.PROTOCOL_ERROR),
        ([HELLO, update(0, MAX_WINDOW)], Code.FLOW_CONTROL_ERROR),
        ([HELLO, frame(Kind.PING, 0, 0, b"1")], Code.FRAME_SIZE_ERROR),
        ([HELLO, frame(Kind.HEADERS, END_HEADERS, 1, b"\xff")], Code.COMPRESSION_ERROR),
        (
            [HELLO, Frames().head(1, 0), *[frame(Kind.CONTINUATION, 0, 1)] * 10],
            Code.ENHANCE_YOUR_CALM,
        ),
        (
            [HELLO, Frames().head(1), *[data(3, b"x" * 16_000, 0)]],
            Code.PROTOCOL_ERROR,
        ),
    ],
)
def test_what_ends_the_connection(parts: list[bytes], code: Code) -> None:
    assert Echo(waits=True).failed(*parts) == code


def test_data_beyond_the_window_ends_the_connection() -> None:
    made, echo = Frames(), Echo(waits=True)
    echo.receive(HELLO, made.head(1))
    echo.connection.streams[1].window = 10
    assert echo.failed(data(1, b"x" * 11)) == Code.FLOW_CONTROL_ERROR
