"""Single HTTP requests with bounded answers: the one user of ``requests`` for registries."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from packager.digest import CHUNK
from packager.errors import PackageError
from packager.registry.trusted_hosts import tls_context

CLIENT = "model-packager"
CONNECT_SECONDS, READ_SECONDS = 10, 300
"""An answer to an upload comes after the registry has stored and hashed the blob."""
POOL = 8
"""Connections that are kept."""

Body = Callable[[], bytes | IO[bytes] | Iterable[bytes]]
"""Makes the content of a request, each time from its start."""


class BrokenTransferError(Exception):
    """There was no answer, or the connection ended within it."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(_reason(cause))
        text = f"{type(cause).__name__} {cause}"
        self.is_certificate = "CERTIFICATE_VERIFY_FAILED" in text or "CertificateError" in text
        """Whether the other side's certificate is not trusted; then a repetition can't help."""


@dataclass(frozen=True)
class RegistryAnswer:
    """The response of a registry."""

    status: int
    headers: Mapping[str, str]
    """Names are found in any case."""
    url: str
    """Of the last redirect."""
    content: bytes = b""
    """Empty if it is streamed."""

    @property
    def summary(self) -> str:
        """Status and first words, for an error message."""
        return f"{self.status} {self.content[:300].decode(errors='replace')}".strip()

    @property
    def wait(self) -> float:
        """Seconds that the header Retry-After, a number or a date, asks for; else 0."""
        header = self.headers.get("Retry-After", "")
        if header.isdecimal():
            return float(header[:9])
        try:
            return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
        except (ValueError, TypeError):
            return 0.0


class OpenAnswer:
    """An answer whose content is still to be read; closes its connection after the block."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.url = str(response.url)

    def __enter__(self) -> OpenAnswer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._response.close()

    def without_content(self) -> RegistryAnswer:
        """Status and headers."""
        return RegistryAnswer(self.status, self.headers, self.url)

    def whole(self, limit: int) -> RegistryAnswer:
        """The answer with its content; raises ``PackageError`` for more than ``limit`` bytes."""
        parts, size = [], 0
        for part in self.chunks():
            parts.append(part)
            size += len(part)
            if size > limit:
                raise PackageError(
                    f"{urlsplit(self.url).netloc}: expected an answer of at most {limit:,} bytes, "
                    "got more",
                    "ask who runs the registry",
                )
        return RegistryAnswer(self.status, self.headers, self.url, b"".join(parts))

    def chunks(self) -> Iterator[bytes]:
        """The content as it was sent, in chunks; may raise ``BrokenTransferError``."""
        try:
            yield from self._response.raw.stream(CHUNK, decode_content=False)
        except (HTTPError, OSError) as error:
            raise BrokenTransferError(error) from error


class Transport:
    """Connections to a registry and to what it names; threads may share it."""

    def __init__(self, host: str) -> None:
        self._http = requests.Session()
        self._http.headers["User-Agent"] = CLIENT
        self._http.mount("https://", _Adapter(tls_context(host, DEFAULT_CA_BUNDLE_PATH)))
        self._http.mount("http://", HTTPAdapter(pool_maxsize=POOL))

    def send(
        self,
        method: str,
        url: str,
        authorization: str | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> OpenAnswer:
        """One request, redirects not followed; raises ``BrokenTransferError`` without an answer."""
        content: Any = body() if body else None
        try:
            return OpenAnswer(
                self._http.request(
                    method,
                    url,
                    data=content,
                    headers={"Accept-Encoding": "identity", **(headers or {})},
                    auth=_Header(authorization),
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
            )
        except requests.RequestException as error:
            raise BrokenTransferError(error) from error
        finally:
            if hasattr(content, "close"):
                content.close()


class _Adapter(HTTPAdapter):
    """Connections whose certificates ``context`` verifies, and not the bundle of ``requests``."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=POOL)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **named)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **named)

    def cert_verify(self, conn: Any, *_: Any, **__: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"


class _Header(AuthBase):
    """The Authorization header, so that ``requests`` adds none from ~/.netrc."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value is not None:
            request.headers["Authorization"] = self._value
        return request


def _reason(error: Any) -> str:
    """The innermost cause of a chain, which says what happened."""
    for _ in range(9):
        following = getattr(error, "reason", None) or next(iter(error.args[-1:]), None)
        if not isinstance(following, BaseException):
            break
        error = following
    return str(error)[:300]
