"""Answers that never change while the server runs: documents, and the files of the viewer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from serving.http.encoding import MIN_BYTES, VARY, Coding, coding_for, compressed, with_body
from serving.http.messages import Response


def fixed_answer(response: Response) -> Response:
    """``response`` with an entity tag (RFC 9110, 8.8.3), unless it is tiny.

    The tag is weak, because all codings of the answer share it.
    """
    if len(response.body) < MIN_BYTES:
        return response
    tag = f'W/"{sha256(response.body).hexdigest()[:16]}"'
    return replace(response, headers={**response.headers, **VARY, "ETag": tag})


class FixedAnswers:
    """Compresses what ``fixed_answer`` made once, when a client first accepts that."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Coding], Response] = {}

    async def answer(self, headers: Mapping[bytes, bytes], response: Response) -> Response:
        """The answer to a request with ``headers``: 304 if the client has it."""
        tag = response.headers.get("ETag")
        if tag is None:
            return response
        if tag in headers.get(b"if-none-match", b"").decode("latin-1"):
            return Response(304, b"", headers={"ETag": tag, **VARY})
        coding = coding_for(headers, response)
        if coding is None:
            return response
        variant = self._made.get((tag, coding))
        if variant is None:
            body = await asyncio.to_thread(compressed, response.body, coding, fixed=True)
            variant = self._made[tag, coding] = with_body(response, body, coding)
        return variant
