"""Compresses answers for clients that accept it (RFC 9110, 12.5.3 and 8.4)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from serving.http.messages import Response
from serving.http.zstandard import zstandard

Coding = Literal["zstd", "gzip"]
CODINGS: tuple[Coding, ...] = ("zstd", "gzip")
"""Codings of answers; of equally welcome ones the first is used."""
MIN_BYTES = 1 << 11
"""Smaller answers fit into two packets, and are never compressed."""
MAX_INLINE_BYTES = 1 << 16
"""Larger answers are compressed in a thread: that takes milliseconds."""
MAX_ACCEPT_BYTES = 1_000
"""Bytes of ``Accept-Encoding`` that are read; a longer one accepts nothing."""
VARY = {"Vary": "Accept-Encoding"}
_GZIP_BITS = 31
_GZIP_LEVEL, _ZSTD_LEVEL = 1, 1
_FIXED_GZIP_LEVEL, _FIXED_ZSTD_LEVEL = 9, 12


def accepted_coding(header: bytes | None) -> Coding | None:
    """The coding that ``Accept-Encoding`` welcomes most, by its q-values; None for none.

    ``identity`` is preferred where its q-value is above that of every coding.
    """
    if not header or len(header) > MAX_ACCEPT_BYTES:
        return None
    welcome: dict[str, float] = {}
    for part in header.decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        name = name.strip()
        welcome["gzip" if name == "x-gzip" else name] = _weight(parameters)
    others = welcome.get("*", 0.0)
    best = max(CODINGS, key=lambda coding: welcome.get(coding, others))
    weight = welcome.get(best, others)
    return best if weight > 0 and weight >= welcome.get("identity", 0.0) else None


def _weight(parameters: str) -> float:
    """The q-value; 0 for one that is malformed."""
    name, equals, value = parameters.partition("=")
    if not equals:
        return 0.0 if parameters.strip() else 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0 <= weight <= 1 else 0.0


def compressed(body: bytes, coding: Coding, *, fixed: bool = False) -> bytes:
    """``body`` in a coding; ``fixed``: it is sent often, so more time is spent."""
    if coding == "zstd":
        packed: bytes = zstandard().compress(body, _FIXED_ZSTD_LEVEL if fixed else _ZSTD_LEVEL)
        return packed
    packer = zlib.compressobj(_FIXED_GZIP_LEVEL if fixed else _GZIP_LEVEL, wbits=_GZIP_BITS)
    return packer.compress(body) + packer.flush()


def coding_for(headers: Mapping[bytes, bytes], response: Response) -> Coding | None:
    """Compression of the answer to a request with ``headers``; None for none."""
    if len(response.body) < MIN_BYTES or "Content-Encoding" in response.headers:
        return None
    return accepted_coding(headers.get(b"accept-encoding"))


def encoded(response: Response, coding: Coding | None) -> Response:
    """``response``, compressed if there is a coding and it makes it smaller.

    Caches are told if other clients may get the answer otherwise.
    """
    if len(response.body) < MIN_BYTES or "Content-Encoding" in response.headers:
        return response
    body = response.body if coding is None else compressed(response.body, coding)
    return with_body(response, body, coding)


def with_body(response: Response, body: bytes, coding: Coding | None) -> Response:
    """``response`` with ``body``, which is its own in ``coding``, if that is smaller."""
    if coding is None or len(body) >= len(response.body):
        return replace(response, headers={**response.headers, **VARY})
    headers = {**response.headers, **VARY, "Content-Encoding": coding}
    return replace(response, body=body, headers=headers)


async def encoded_aside(headers: Mapping[bytes, bytes], response: Response) -> Response:
    """The answer to a request with ``headers``, compressed in a thread if that takes long."""
    coding = coding_for(headers, response)
    if coding is None or len(response.body) <= MAX_INLINE_BYTES:
        return encoded(response, coding)
    return await asyncio.to_thread(encoded, response, coding)
