"""Permitted origins of the page's form: the page itself, with a key where the server has keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlsplit

from serving.http.messages import RequestError

CHALLENGE = {"WWW-Authenticate": 'Basic realm="model", charset="UTF-8"'}
"""Makes a browser ask for the key, and send it with each request to this page alone."""


def bearer_of(authorization: bytes | None) -> bytes | None:
    """The header of a bearer whose key is the password that a browser has asked for.

    Other headers are unchanged; the name of the user is ignored.
    """
    scheme, _, credentials = (authorization or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return authorization
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return b"Bearer " + decoded.partition(b":")[2]


def check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Raise ``RequestError`` 403 if a page of another site sent the form.

    Browsers say so in ``Sec-Fetch-Site``, and over plain HTTP in ``Origin`` alone. A request with
    neither is not a browser's: no site can have made it.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site not in (b"same-origin", b"none"):
            raise _foreign("send it from the page of this server")
        return
    origin = headers.get(b"origin")
    if origin is None:
        return
    try:
        sender = urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:  # an unbalanced bracket
        sender = ""
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if not sender or sender != host:
        raise _foreign("the Host that the browser named: let the proxy pass it on unchanged")


def _foreign(expected: str) -> RequestError:
    message = "the form came from another site than this server"
    return RequestError(403, "foreign_form", message, expected=expected)
