"""Cross-origin requests: which pages of other origins may read answers (Fetch standard, 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving.http.asgi import Headers
from serving.http.messages import Response
from serving.http.settings import ANY_ORIGIN

MAX_AGE_SECONDS = 7_200
"""Time for which a browser may keep the answer to a preflight; Chromium keeps none longer."""
PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "authorization, content-encoding, content-type, "
    "inference-header-content-length, traceparent, x-request-id",
    "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
}
EXPOSED_HEADERS = (
    b"content-encoding, inference-header-content-length, retry-after, traceparent, x-request-id"
)
_VARY = (b"vary", b"Origin")


class CorsPolicy:
    """Says which origins may read answers.

    Keys are sent in ``Authorization`` by the page itself. Credentials of the browser, such as
    cookies, are never allowed, so any origin may be.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        """``origins``: exact origins, or ``*`` alone for every one."""
        self._any = tuple(origins) == (ANY_ORIGIN,)
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, origin: bytes | None) -> Headers:
        """The headers for a page of ``origin``, the request's header; errors have them too."""
        if self._any:
            allowed: bytes | None = b"*"
            headers: Headers = []
        else:
            allowed = origin if origin in self._origins else None
            headers = [_VARY]
        if allowed is not None:
            headers.append((b"access-control-allow-origin", allowed))
            headers.append((b"access-control-expose-headers", EXPOSED_HEADERS))
        return headers

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> Response | None:
        """The answer to a browser that asks whether an allowed page may send a request.

        None for any other request. It tells nothing about the requested path, because browsers send
        no key with a preflight.
        """
        origin = headers.get(b"origin")
        if method != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        if origin is None or not (self._any or origin in self._origins):
            return None
        return Response(204, b"", headers=PREFLIGHT)
