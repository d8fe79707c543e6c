"""Requests to one registry: its address, login, redirects and repetitions."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from docker.auth import INDEX_NAME, INDEX_URL

from packager.errors import PackageError
from packager.registry.authorization import Authorization, Scopes
from packager.registry.credentials import find_login
from packager.registry.transport import (
    Body,
    BrokenTransferError,
    OpenAnswer,
    RegistryAnswer,
    Transport,
)
from packager.registry.trusted_hosts import may_be_plain

TRIES = 5
RENEWALS = 8
"""Of a token within one request: threads share it, and another may have used it up."""
REDIRECTS = 5
MAX_WAIT = 60.0
"""Seconds before a repetition, whatever the registry asks for."""
MAX_SMALL = 1 << 16
"""Bytes of an answer without a document."""
REPEATED = (408, 429, 500, 502, 503, 504)


class RegistrySession:
    """Requests to the registry at ``host`` about ``repository``; threads may share it."""

    def __init__(
        self, host: str, repository: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.host = host
        self._api = urlsplit(INDEX_URL).netloc if host == INDEX_NAME else host
        self._sleep = sleep
        self._transport = Transport(host)
        self._opening = threading.Lock()
        self._base = ""
        self.authorization = Authorization(
            host, False, lambda: find_login(host, repository), self._fetch_token
        )

    def request(
        self,
        method: str,
        path: str,
        scopes: Scopes = (),
        *,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_SMALL,
    ) -> RegistryAnswer:
        """The answer to a request, which is repeated where that can help.

        ``path`` is below the registry, or the URL of an upload. Raises ``PackageError`` if there is
        no answer, or one of more than ``limit`` bytes; any status is returned. A request with a
        ``body`` is sent once and may raise ``BrokenTransferError``: the caller knows what arrived.
        """

        def attempt() -> RegistryAnswer:
            with self._authorized(method, path, scopes, body, headers or {}) as answer:
                return answer.whole(limit)

        return self._repeated(attempt) if body is None else attempt()

    @contextmanager
    def stream(
        self, path: str, scopes: Scopes, headers: Mapping[str, str]
    ) -> Iterator[tuple[RegistryAnswer, Iterator[bytes]]]:
        """The answer to a GET, and its content in chunks, which raise ``BrokenTransferError``.

        The content of an answer other than 200 and 206 is in the answer.
        """
        opened: list[OpenAnswer] = []

        def attempt() -> RegistryAnswer:
            answer = self._authorized("GET", path, scopes, None, headers)
            if answer.status in (200, 206):
                opened.append(answer)
                return answer.without_content()
            with answer:
                return answer.whole(MAX_SMALL)

        answer = self._repeated(attempt)
        if opened:
            with opened[0]:
                yield answer, opened[0].chunks()
        else:
            yield answer, iter(())

    def wait(self, turn: int, requested: float = 0.0) -> None:
        """Wait before repetition ``turn`` (from 0), at least ``requested`` seconds."""
        # Half of it is random: clients that failed together don't come back together.
        seconds = 0.5 * 2**turn * (0.5 + random.random() / 2)
        self._sleep(min(MAX_WAIT, max(seconds, requested)))

    def unreachable(self, error: BrokenTransferError) -> PackageError:
        """The error for a registry that gave no whole answer."""
        if error.is_certificate:
            return PackageError(
                f"{self.host}: its certificate is not trusted: {error}",
                f"put the file of its CA at /etc/docker/certs.d/{self.host}/ca.crt, or name it in "
                "SSL_CERT_FILE",
            )
        return PackageError(
            f"{self.host}: no answer from the registry: {error}",
            "check the host and port, the network and a proxy (HTTPS_PROXY), then try again: "
            "what has arrived is not sent again",
        )

    def _repeated(self, attempt: Callable[[], RegistryAnswer]) -> RegistryAnswer:
        for turn in range(TRIES):
            last = turn + 1 == TRIES
            pause = 0.0
            try:
                answer = attempt()
            except BrokenTransferError as error:
                if last or error.is_certificate:
                    raise self.unreachable(error) from error
            else:
                if last or answer.status not in REPEATED:
                    return answer
                pause = answer.wait
            self.wait(turn, pause)
        raise AssertionError("the last turn returns or raises")

    def _authorized(
        self,
        method: str,
        path: str,
        scopes: Scopes,
        body: Body | None,
        headers: Mapping[str, str],
    ) -> OpenAnswer:
        """Send with the login from the first byte on; a 401 is answered with a new token."""
        self._open()
        url = urljoin(self._base, path)
        for turn in range(RENEWALS + 1):
            sent = self.authorization.header(scopes) if self._is_own(url) else None
            try:
                answer = self._redirected(method, url, sent, body, headers)
            except BrokenTransferError:
                # A 401 to a large body often arrives as a broken connection.
                self.authorization.forget(scopes, sent)
                raise
            if answer.status != 401 or not self._is_own(answer.url) or turn == RENEWALS:
                return answer
            with answer:
                challenge = answer.headers.get("WWW-Authenticate", "")
            self.authorization.challenged(challenge, scopes, sent)
        raise AssertionError("the last turn returns")

    def _redirected(
        self,
        method: str,
        url: str,
        authorization: str | None,
        body: Body | None,
        headers: Mapping[str, str],
    ) -> OpenAnswer:
        """Send, and follow redirects; the login goes to the registry itself only."""
        for _ in range(REDIRECTS + 1):
            if urlsplit(url).scheme != "https" and not self._is_own(url):
                raise PackageError(
                    f"{self.host}: expected an https address to follow, "
                    f"got {url.partition('?')[0][:200]}",
                    "a proxy before the registry has to tell it X-Forwarded-Proto: https",
                )
            own = authorization if self._is_own(url) else None
            answer = self._transport.send(method, url, own, body, headers)
            following = answer.headers.get("Location")
            followed = (
                (307, 308) if body or method not in ("GET", "HEAD") else (301, 302, 303, 307, 308)
            )
            if answer.status not in followed or not following:
                return answer
            with answer:
                url = urljoin(url, following)
        raise PackageError(
            f"{self.host}: more than {REDIRECTS} redirects, the last to {urlsplit(url).netloc}",
            "ask who runs the registry",
        )

    def _is_own(self, url: str) -> bool:
        """Whether an address is the registry's own: scheme, host and port."""
        return _origin(urlsplit(url)) == _origin(urlsplit(self._base))

    def _open(self) -> None:
        """Find out, once, whether the registry has TLS and how it wants a login."""
        with self._opening:
            if self._base:
                return
            base, answer = self._probed()
            self.authorization.plain = base.startswith("http:")
            if answer.status == 401:
                challenge = answer.headers.get("WWW-Authenticate", "")
                self.authorization.challenged(challenge, (), None)
            elif answer.status != 200:
                raise PackageError(
                    f"{self.host}: expected a container registry at /v2/, got {answer.summary}",
                    "check the host and port",
                )
            self._base = base

    def _probed(self) -> tuple[str, RegistryAnswer]:
        """The registry's address, and its answer to the request that all of them answer."""

        def asked(base: str) -> RegistryAnswer:
            with self._transport.send("GET", f"{base}/v2/") as answer:
                return answer.whole(MAX_SMALL)

        secure, plain = f"https://{self._api}", f"http://{self._api}"
        if may_be_plain(self.host):
            try:
                return secure, asked(secure)
            except BrokenTransferError as error:
                if not error.is_certificate:
                    return plain, self._repeated(lambda: asked(plain))
        return secure, self._repeated(lambda: asked(secure))

    def _fetch_token(
        self, url: str, authorization: str | None, form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        body = urlencode(form).encode() if form is not None else b""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}

        def asked() -> RegistryAnswer:
            if form is None:
                opened = self._transport.send("GET", url, authorization)
            else:
                opened = self._transport.send("POST", url, authorization, lambda: body, kind)
            with opened as answer:
                return answer.whole(MAX_SMALL)

        answer = self._repeated(asked)
        return answer.status, answer.content


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
