"""Messages of calls, compressed or not."""

from __future__ import annotations

import asyncio
import gzip
from types import SimpleNamespace
from typing import Any

import pytest

from serving.grpc import methods
from serving.grpc.framing import PREFIX
from serving.grpc.service import GrpcRequest, GrpcService
from serving.http.asgi import BodyReader
from serving.http.messages import RequestError, Response
from serving.settings import Settings

LIMIT = 2_000
HEADERS = {
    b":method": b"POST",
    b":path": methods.LIVE.encode(),
    b"content-type": b"application/grpc",
    b"grpc-encoding": b"gzip",
}


class Handler:
    """Admits every call, and answers errors as the calls say."""

    draining = False

    def authorize(self, _request: Any) -> Any:
        return SimpleNamespace()

    def refuse(self, request: GrpcRequest, error: Exception) -> Response:
        assert isinstance(error, RequestError)
        return request.refusal("", error)


def answered(message: bytes) -> Response:
    handler: Any = Handler()
    settings = Settings.from_environment({"MODEL_MAX_BODY_BYTES": str(LIMIT)})
    service = GrpcService(handler, settings, BodyReader(LIMIT))
    request = service.request(HEADERS)
    later = service.answer(request, PREFIX.pack(1, len(message)) + message)
    assert later is not None
    assert request.response is None  # nothing is decoded before the loop has a turn
    asyncio.run(_done(later))
    assert service.bodies._room == 4 * LIMIT
    assert request.response is not None
    return request.response


async def _done(later: Any) -> None:
    await later


def test_a_compressed_message_is_counted_while_it_is_decoded() -> None:
    assert "grpc-status" not in answered(gzip.compress(b"")).headers
    refused = answered(gzip.compress(b"\0" * 1_000_000))
    assert refused.status == 413
    assert f"<= {LIMIT} bytes" in refused.headers["grpc-message"]


@pytest.mark.parametrize(
    "packed", [b"", b"no gzip", gzip.compress(b"x")[:-3], gzip.compress(b"x") + b"y"]
)
def test_broken_compression_is_refused(packed: bytes) -> None:
    assert answered(packed).status == 400
