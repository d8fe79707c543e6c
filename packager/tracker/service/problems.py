"""Errors of the service: one form, ``{"error": {"code", "message"}}``, for every client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from packager.tracker.core.refusals import refusal_of

MAX_BODY = 1 << 20
MAX_BODY_SECONDS = 30.0
RETRY_SECONDS = 5
_LOG = logging.getLogger(__name__)


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    def response(self) -> Response:
        """The answer."""
        body = {"error": {"code": self.code, "message": self.message}}
        return JSONResponse(body, self.status, self.headers)


def malformed(error: ValidationError | ValueError) -> RefusedError:
    """The problem of a body that is not what was expected; names the first place."""
    if not isinstance(error, ValidationError):
        return RefusedError(400, "malformed", str(error)[:500])
    return RefusedError(400, "malformed", refusal_of(error))


async def body_of(request: Request, most: int = MAX_BODY) -> bytes:
    """The body of a request; raises ``RefusedError`` for more than ``most`` bytes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > most):
        raise RefusedError(413, "too_large", f"expected a body of at most {most} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise RefusedError(413, "too_large", f"expected a body of at most {most} bytes")
    except TimeoutError:
        raise RefusedError(
            408, "too_slow", f"expected the body within {MAX_BODY_SECONDS:g} s"
        ) from None
    except ClientDisconnect:
        raise RefusedError(400, "malformed", "expected the whole body") from None
    return bytes(body)


def not_found(number: object) -> RefusedError:
    """The problem of an issue that isn't there."""
    return RefusedError(404, "not_found", f"there is no issue {str(number)[:40]}")


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a ``RefusedError``."""
    assert isinstance(error, RefusedError)
    return _counted(request, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the router refuses, in the same form."""
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "refused")
    refused = RefusedError(error.status_code, code, error.detail, error.headers)
    return _counted(request, refused)


async def on_store_error(request: Request, error: Exception) -> Response:
    """Answer that the store can't do it now; nothing was changed."""
    _LOG.error("%s %s: %s", request.method, request.url.path, error)
    wait = {"retry-after": str(RETRY_SECONDS)}
    return _counted(request, RefusedError(503, "unavailable", str(error)[:500], wait))


def _counted(request: Request, error: RefusedError) -> Response:
    """The answer; ``/metrics`` has the number of each kind."""
    request.app.state.context.sources.counters.rejected[error.code] += 1
    return error.response()
