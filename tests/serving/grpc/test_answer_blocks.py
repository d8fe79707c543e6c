"""The header blocks of answers and errors, as a client decodes them."""

from __future__ import annotations

from hpack import Decoder

from serving.grpc.answer_blocks import DONE, blocks
from serving.http.logs import Trace
from serving.http.messages import Response

TRACE = Trace(b"id-1", None)


def fields(block: bytes) -> dict[bytes, bytes]:
    return dict(Decoder().decode(block, raw=True))


def test_an_answer_has_its_message_and_ends_well() -> None:
    head, body, trailers = blocks(Response(200, b"abc", "application/grpc"), TRACE)
    assert fields(head)[b"x-request-id"] == b"id-1"
    assert b"grpc-status" not in fields(head)
    assert body == b"\0\0\0\0\x03abc"
    assert fields(trailers) == fields(DONE) == {b"grpc-status": b"0"}


def test_an_error_is_all_in_the_head_and_keeps_the_trace() -> None:
    error = Response(404, b"", "application/grpc", {"grpc-status": "5", "grpc-message": "no"})
    head, body, trailers = blocks(error, Trace(b"id-2", b"00-a-b-01"))
    found = fields(head)
    assert (found[b"grpc-status"], found[b"grpc-message"]) == (b"5", b"no")
    assert found[b"traceparent"] == b"00-a-b-01"
    assert (body, trailers) == (b"", b"")
