"""HTTP of forges: pages, rate limits, errors without the token."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from packager.client.fetch import UNCOMPRESSED, fetch
from packager.errors import PackageError, UsageError
from packager.tracker.forges.forge import RateLimitError

MAX_ANSWER = 32 << 20
SECONDS = 30.0
MAX_WAIT = 30.0
"""Seconds that a call waits for the end of a rate limit; a longer one ends the run."""
MAX_PAGES = 1_000
_NEXT = re.compile(r'<([^>]{1,2000})>;\s*rel="next"')


class ForgeClient:
    """Requests to one forge, with its token in ``headers``."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f"{url}: expected the address of the forge's API", "begin with https://"
            )
        self.url = url.rstrip("/")
        self._origin = (parts.scheme, parts.netloc)
        self._headers = {**UNCOMPRESSED, **headers}
        self._session = requests.Session()
        self._session.trust_env = True

    def request(self, method: str, path: str, body: object = None, **parameters: Any) -> Any:
        """The JSON of an answer; None for 404 and 410 of a GET."""
        return self._json(self._send(method, f"{self.url}{path}", body, parameters), method, path)

    def pages(self, path: str, **parameters: Any) -> Iterator[Any]:
        """The items of a list, page by page, as the header ``Link`` says."""
        address, parameters_of_page = f"{self.url}{path}", {**parameters, "per_page": 100}
        for _ in range(MAX_PAGES):
            answer = self._send("GET", address, None, parameters_of_page)
            yield from self._json(answer, "GET", path) or ()
            following = _NEXT.search(answer.headers.get("Link", ""))
            if following is None:
                return
            address, parameters_of_page = urljoin(address, following[1]), {}
            parts = urlsplit(address)
            if (parts.scheme, parts.netloc) != self._origin:  # it would get the token
                raise PackageError(f"{self.url}: expected the next page there, got another host")

    def _send(
        self, method: str, url: str, body: object, parameters: Mapping[str, Any]
    ) -> requests.Response:
        ask = partial(
            self._session.request,
            method,
            url,
            params=dict(parameters),
            json=body,
            headers=self._headers,
            timeout=SECONDS,
            stream=True,
            allow_redirects=False,
        )
        for attempt in (1, 2):
            try:
                answer = fetch(ask, MAX_ANSWER, SECONDS * 2)
            except requests.RequestException as error:
                raise PackageError(
                    f"{self.url}: the forge does not answer: {type(error).__name__}",
                    "run it again later; nothing is lost",
                ) from error
            wait = limit_seconds(answer, time.time())
            if wait is None:
                return answer
            if attempt == 2 or wait > MAX_WAIT:
                raise RateLimitError(
                    f"{self.url}: the rate limit is used up for {wait:.0f} s",
                    "run it again after that; it goes on where it stopped",
                )
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _json(self, answer: requests.Response, method: str, path: str) -> Any:
        if method == "GET" and answer.status_code in (404, 410):
            return None
        if answer.status_code in (401, 403):
            raise PackageError(
                f"{self.url}{path}: the forge refused the token (HTTP {answer.status_code})",
                "use a token that may read and write issues of this repository",
            )
        if not answer.ok:
            raise PackageError(
                f"{self.url}{path}: HTTP {answer.status_code}: {answer.text[:200]}",
                "check the repository's name, and that its issues are enabled",
            )
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise PackageError(f"{self.url}{path}: expected JSON, got something else") from error


def limit_seconds(answer: requests.Response, now: float) -> float | None:
    """Seconds until the forge accepts requests again; None if it does now.

    ``Retry-After``, GitHub's ``x-ratelimit-*`` and GitLab's ``RateLimit-*``.
    """
    if answer.status_code not in (403, 429):
        return None
    after = answer.headers.get("Retry-After", "")
    if after.isdecimal():
        return float(after)
    for remaining, reset in (
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("RateLimit-Remaining", "RateLimit-Reset"),
    ):
        if answer.headers.get(remaining) == "0" and answer.headers.get(reset, "").isdecimal():
            return max(float(answer.headers[reset]) - now, 1.0)
    return 60.0 if answer.status_code == 429 else None
