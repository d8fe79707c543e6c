"""The Authorization header of requests to one registry: Basic, or Bearer with tokens."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from packager.errors import PackageError
from packager.registry.credentials import Login
from packager.registry.transport import CLIENT
from packager.registry.trusted_hosts import is_loopback

DEFAULT_LIFE = 60
"""Seconds that a token is valid if its server doesn't say (distribution's token specification)."""
USED_LIFE = 0.8
"""Share of a token's life after which a new one is asked for."""
_BEARER = re.compile(r"\bbearer\s+(.*)", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"\bbasic\b", re.IGNORECASE)

Scopes = tuple[str, ...]


class RefusedScopeError(PackageError):
    """The token server gives this user no token for a repository."""


class FetchToken(Protocol):
    """Sends a request to the token server; returns status and content."""

    def __call__(
        self, url: str, authorization: str | None, form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        """GET ``url``, or POST it with ``form``."""


@dataclass
class Authorization:
    """The credentials for ``host``; threads may share them."""

    host: str
    plain: bool
    """Whether the registry is asked without TLS."""
    find_login: Callable[[], Login | None]
    fetch_token: FetchToken
    _scheme: str = ""
    _facts: dict[str, str] = field(default_factory=dict)
    _tokens: dict[Scopes, tuple[str, float]] = field(default_factory=dict)
    _login: Login | None = None
    _looked: bool = False
    _helper_error: PackageError | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def header(self, scopes: Scopes) -> str | None:
        """The header for a request that needs ``scopes``; None if the registry asked for none."""
        with self._lock:
            if self._scheme == "basic":
                return _basic(self._known_login())
            if self._scheme != "bearer" or not scopes:
                return None
            token, until = self._tokens.get(scopes, ("", 0.0))
            if not token or time.monotonic() >= until:
                token, until = self._new_token(scopes)
                self._tokens[scopes] = (token, until)
            return f"Bearer {token}"

    def challenged(self, text: str, scopes: Scopes, sent: str | None) -> None:
        """Take note of a 401 with the header ``WWW-Authenticate: text`` after ``sent``."""
        bearer = _BEARER.search(text)
        with self._lock:
            if bearer:
                self._scheme = "bearer"
                self._facts = _facts(bearer[1])
                self._check_realm()
                self.forget(scopes, sent)
            elif _BASIC.search(text):
                self._scheme = "basic"
                if sent is not None and sent == _basic(self._known_login()):
                    raise self._refused("the registry refused the user name or password")
            else:
                raise self._refused(f"expected a Basic or Bearer challenge, got {text[:200]!r}")

    def forget(self, scopes: Scopes, sent: str | None) -> None:
        """Drop the token of ``sent``, unless another thread has replaced it already."""
        with self._lock:
            if scopes in self._tokens and sent == f"Bearer {self._tokens[scopes][0]}":
                del self._tokens[scopes]

    def denied(self, action: str) -> PackageError:
        """The error for a login that does not permit ``action``, or for the absent one."""
        if self._helper_error is not None:
            return self._helper_error
        who = "an anonymous request" if self._login is None else _called(self._login)
        return PackageError(
            f"{self.host}: {who} may not {action}",
            f"`docker login {self.host}` or `podman login {self.host}` as a user who may, "
            "and check the repository's name",
        )

    def _known_login(self) -> Login:
        login = self._find()
        if login is not None and not login.identity_token:
            return login
        if self._helper_error is not None:
            raise self._helper_error
        raise PackageError(
            f"{self.host}: expected a login, because the registry requires one",
            f"log in with `docker login {self.host}` or `podman login {self.host}`",
        )

    def _find(self) -> Login | None:
        """The login; a helper that gives none is an error only if the registry insists."""
        if not self._looked:
            try:
                self._login = self.find_login()
            except PackageError as error:
                self._helper_error = error
            self._looked = True
        return self._login

    def _check_realm(self) -> None:
        realm = urlsplit(self._facts.get("realm", ""))
        local = self.plain and is_loopback(self.host) and is_loopback(realm.netloc)
        if realm.scheme != "https" and not (realm.scheme == "http" and local):
            raise PackageError(
                f"{self.host}: expected an https address that issues tokens, "
                f"got {self._facts.get('realm', '')[:200]!r}",
                "the password would be readable on its way: configure the registry's token realm",
            )

    def _new_token(self, scopes: Scopes) -> tuple[str, float]:
        """(token, moment until which it is used) for ``scopes``."""
        login, service = self._find(), self._facts.get("service")
        parameters = [("service", service)] if service else []
        if login is not None and login.identity_token:
            form = {
                **dict(parameters),
                "grant_type": "refresh_token",
                "refresh_token": login.identity_token,
                "client_id": CLIENT,
                "scope": " ".join(scopes),
            }
            status, content = self.fetch_token(self._facts["realm"], None, form)
        else:
            query = urlencode([*parameters, *(("scope", scope) for scope in scopes)])
            url = self._facts["realm"]
            url += ("&" if urlsplit(url).query else "?") + query
            status, content = self.fetch_token(url, None if login is None else _basic(login), None)
        if status in (401, 403):
            refused = self._refused("its token server refused the login")
            raise RefusedScopeError(refused.message, refused.hint) from refused
        if status != 200:
            raise PackageError(
                f"{self.host}: its token server answered {status}: {content[:200]!r}",
                "try again later, or ask who runs the registry",
            )
        return self._read_token(content)

    def _read_token(self, content: bytes) -> tuple[str, float]:
        try:
            document = json.loads(content)
            token = document.get("token") or document["access_token"]
            life = float(document.get("expires_in") or DEFAULT_LIFE)
            if not isinstance(token, str) or not token.isprintable() or not token.isascii():
                raise ValueError("no text")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise PackageError(
                f"{self.host}: expected a token in JSON from its token server, "
                f"got {content[:100]!r}",
                "ask who runs the registry",
            ) from error
        return token, time.monotonic() + USED_LIFE * life

    def _refused(self, why: str) -> PackageError:
        if self._helper_error is not None:
            return self._helper_error
        who = "an anonymous request" if self._login is None else _called(self._login)
        return PackageError(
            f"{self.host}: {why}, for {who}",
            f"log in again with `docker login {self.host}` or `podman login {self.host}`",
        )


def _basic(login: Login) -> str:
    pair = f"{login.username}:{login.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def _called(login: Login) -> str:
    return f"user {login.username!r}" if login.username else "the identity token"


def _facts(text: str) -> dict[str, str]:
    """``name="value"`` pairs of a challenge."""
    pairs = [pair for pair in parse_http_list(text) if "=" in pair]
    return {name.lower(): value for name, value in parse_keqv_list(pairs).items()}
