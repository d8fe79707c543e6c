"""Answers as they are written to a connection."""

from __future__ import annotations

import asyncio
import gzip
import inspect
from typing import Any
from unittest.mock import Mock

import pytest

from serving.answer_writer import AnswerWriter
from serving.http.encoding import MAX_INLINE_BYTES, MIN_BYTES
from serving.http.messages import Response
from serving.http.pending_answer import RawResponse
from serving.request import Request, RequestHandler
from serving.settings import Settings


def answered(
    body: bytes, origins: tuple[str, ...] = (), **headers: str
) -> tuple[AnswerWriter, Request, Mock]:
    handler = RequestHandler(Settings.from_environment({}))
    account = Mock()
    handler.account = account  # type: ignore[method-assign]
    names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    request = Request(handler, "POST", "/predict", names)
    request.answer(Response(200, body))
    return AnswerWriter(handler, origins), request, account


@pytest.mark.parametrize("size", [1, MIN_BYTES, MAX_INLINE_BYTES + 1])
def test_past_asgi_large_answers_are_compressed_in_a_task(size: int) -> None:
    writer, request, account = answered(b"x" * size, accept_encoding="gzip")
    found: Any = writer.raw(request)
    assert inspect.iscoroutine(found) == (size > MAX_INLINE_BYTES)
    written = asyncio.run(found) if inspect.iscoroutine(found) else found
    assert isinstance(written, RawResponse)
    packed = (b"content-encoding", b"gzip") in written.headers
    assert packed == (size >= MIN_BYTES)
    assert (gzip.decompress(written.body) if packed else written.body) == b"x" * size
    account.assert_called_once_with(request)


def test_a_large_answer_to_who_accepts_no_coding_is_written_at_once() -> None:
    writer, request, _ = answered(b"x" * (MAX_INLINE_BYTES + 1))
    assert isinstance(writer.raw(request), RawResponse)


def test_pages_of_allowed_origins_get_their_headers() -> None:
    origin = "https://shop.example"
    writer, request, _ = answered(b"x", (origin,), origin=origin)
    written: Any = writer.raw(request)
    assert (b"access-control-allow-origin", origin.encode()) in written.headers
    assert writer.preflight(request) is None


def test_without_an_answer_nothing_is_written() -> None:
    writer, request, account = answered(b"x")
    request.response = None
    assert writer.raw(request) is None
    assert asyncio.run(writer.raw_aside(request)) is None
    asyncio.run(writer.send(request, Mock()))
    account.assert_not_called()
