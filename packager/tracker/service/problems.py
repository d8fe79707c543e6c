"""Errors of the service: one form, ``{"error": {"code", "message"}}``, for every client."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MAX_BODY = 1 << 20


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> Response:
        """The answer."""
        body = {"error": {"code": self.code, "message": self.message}}
        return JSONResponse(body, self.status)


def malformed(error: ValidationError | ValueError) -> RefusedError:
    """The problem of a body that is not what was expected; names the first place."""
    if not isinstance(error, ValidationError):
        return RefusedError(400, "malformed", str(error)[:500])
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part)[:60] for part in first["loc"]) or "body"
    return RefusedError(400, "malformed", f"{place}: {first['msg']}"[:500])


async def body_of(request: Request, most: int = MAX_BODY) -> bytes:
    """The body of a request; raises ``RefusedError`` for more than ``most`` bytes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise RefusedError(413, "too_large", f"expected a body of at most {most} bytes")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise RefusedError(413, "too_large", f"expected a body of at most {most} bytes")
    return bytes(body)


def not_found(number: object) -> RefusedError:
    """The problem of an issue that isn't there."""
    return RefusedError(
        404, "not_found", f"expected the number of an issue, got {str(number)[:40]}"
    )


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a ``RefusedError``."""
    assert isinstance(error, RefusedError)
    return error.response()


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the router refuses, in the same form."""
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "refused")
    return RefusedError(error.status_code, code, error.detail).response()
