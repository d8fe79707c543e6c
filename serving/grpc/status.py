"""Statuses of gRPC: those of our errors, and how they and deadlines are written in headers."""

from __future__ import annotations

import re
from urllib.parse import quote

from serving.http.messages import RequestError
from serving.protocols.registry import sentence

OK, UNKNOWN = 0, 2
STATUSES = {
    400: 3,  # INVALID_ARGUMENT
    401: 16,  # UNAUTHENTICATED
    404: 5,  # NOT_FOUND
    413: 8,  # RESOURCE_EXHAUSTED
    422: 3,
    500: 13,  # INTERNAL
    501: 12,  # UNIMPLEMENTED
    503: 14,  # UNAVAILABLE
    504: 4,  # DEADLINE_EXCEEDED
}
"""Status of HTTP → that of gRPC."""
TEXT = "application/grpc"
MAX_MESSAGE_BYTES = 4_000
"""Of ``grpc-message``: gRPC's clients take headers of 8 KB altogether."""
_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_PRINTED = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def status_of(error: RequestError) -> tuple[int, bytes]:
    """The status, and the message as the header ``grpc-message`` has it, percent-encoded."""
    encoded = quote(sentence(error), safe=_PRINTED).encode()
    if len(encoded) > MAX_MESSAGE_BYTES:
        encoded = re.sub(rb"%.?$", b"", encoded[:MAX_MESSAGE_BYTES])
    return STATUSES.get(error.status, UNKNOWN), encoded


def timeout_of(header: bytes | None) -> float | None:
    """The seconds in ``grpc-timeout``; None without one. Raises ``RequestError`` (400).

    >>> timeout_of(b"250m")
    0.25
    """
    if header is None:
        return None
    match = _TIMEOUT.fullmatch(header)
    if match is None:
        raise RequestError(
            400,
            "malformed_request",
            "grpc-timeout",
            expected="up to eight digits and a unit, such as 250m",
            got=header[:20].decode("latin-1"),
        )
    return int(match[1]) * _UNITS[match[2]]
