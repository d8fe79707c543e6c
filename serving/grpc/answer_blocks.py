"""Header blocks and bodies of answers, as HTTP/2 sends them."""

from __future__ import annotations

from serving.grpc.framing import ACCEPTED, framed
from serving.http.logs import Trace
from serving.http.messages import Response
from serving.http2.header_blocks import STATUS_200, literal

DONE = literal(b"grpc-status", b"0")
_HEAD = (
    STATUS_200
    + literal(b"content-type", b"application/grpc")
    + literal(b"grpc-accept-encoding", ACCEPTED)
)


def head_of(trace: Trace) -> bytes:
    """The head of the answer to the request ``trace``."""
    head = _HEAD + literal(b"x-request-id", trace.request_id)
    if trace.traceparent is not None:
        head += literal(b"traceparent", trace.traceparent)
    return head


def failed(response: Response) -> bytes:
    """The trailers of an error; empty of any other answer."""
    status = response.headers.get("grpc-status")
    if status is None:
        return b""
    message = literal(b"grpc-message", response.headers["grpc-message"].encode())
    return literal(b"grpc-status", status.encode()) + message


def blocks(response: Response, trace: Trace) -> tuple[bytes, bytes, bytes]:
    """Head, body and trailers of an answer; of an error, everything is in the head."""
    head, error = head_of(trace), failed(response)
    return (head + error, b"", b"") if error else (head, framed(response.body), DONE)
