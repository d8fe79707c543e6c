"""Authentication: a bearer token, a session's cookie, or the user that a trusted proxy names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import NamedTuple

from pydantic import ValidationError
from starlette.requests import Request

from packager.tracker.core.moments import DAY, MINUTE
from packager.tracker.service.problems import RefusedError
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.sessions import has_ended
from packager.tracker.store.tokens import PERSON_NAME, AccessToken, TokenScope, hash_of, token_of
from packager.tracker.store.writer import Writer

COOKIE = "issues_session"
SESSION_SECONDS = 30 * DAY
CODE_SECONDS = 10 * MINUTE
_KEY = "session_key"


class Principal(NamedTuple):
    """Somebody who is known, and what they may do."""

    name: str
    scope: TokenScope
    session: str = ""
    """The id of the session, which form tokens are bound to; empty for bearer tokens."""


class Authenticator:
    """Recognises who sends a request; keeps no password and no secret of a token."""

    def __init__(self, tracker: Tracker, settings: ServiceSettings, key: bytes) -> None:
        self._tracker = tracker
        self._settings = settings
        self._key = key
        self._codes: dict[str, tuple[str, float]] = {}
        self._used: dict[str, float] = {}
        """Hash of a token → when it was used, until upkeep keeps it."""

    async def principal(self, request: Request, secret: str = "") -> Principal | None:
        """The sender of the request; None if unknown. ``secret``: a token that its body names."""
        if secret:
            return await self._of_hash(hash_of(secret))
        bearer = request.headers.get("authorization", "")
        if bearer[:7].lower() == "bearer ":
            return await self._of_hash(hash_of(bearer[7:].strip()))
        cookie = request.cookies.get(COOKIE)
        if cookie:
            known = self._opened(cookie)
            if known is not None:
                return await self._of_hash(known["token"], known["id"])
        return self._of_proxy(request)

    async def require(self, request: Request, needed: TokenScope, secret: str = "") -> Principal:
        """The sender of a request to the API; raises ``RefusedError`` 401 or 403.

        What changes something needs a token: a browser adds a session, and a proxy its user, to
        requests of other sites, too.
        """
        principal = await self.principal(request, secret)
        if principal is None:
            raise RefusedError(401, "unauthorized", "expected a token or a login")
        if principal.session and request.method not in ("GET", "HEAD"):
            raise RefusedError(401, "unauthorized", "expected a token in the header Authorization")
        if not principal.scope.allows(needed):
            raise RefusedError(
                403, "forbidden", f"expected a token of scope {needed}, got {principal.scope}"
            )
        return principal

    def new_session(self, token_hash: str) -> str:
        """The value of the cookie of a new session."""
        known = {
            "id": secrets.token_urlsafe(16),
            "token": token_hash,
            "until": self._tracker.clock() + SESSION_SECONDS,
        }
        body = base64.urlsafe_b64encode(json.dumps(known).encode()).decode()
        return f"{body}.{self._signature('session', body)}"

    def form_token(self, who: Principal) -> str:
        """The hidden field of forms, bound to a session."""
        return self._signature("form", who.session or who.name)

    def checks_form(self, who: Principal, token: str) -> bool:
        """Whether a form has the field that this session was given."""
        return hmac.compare_digest(self.form_token(who).encode(), token.encode("utf-8", "replace"))

    def new_code(self, token_hash: str) -> str:
        """A code that logs in once, within ten minutes."""
        now = self._tracker.clock()
        self._codes = {name: known for name, known in self._codes.items() if known[1] > now}
        code = secrets.token_urlsafe(24)
        self._codes[hash_of(code)] = (token_hash, now + CODE_SECONDS)
        return code

    def redeem(self, code: str) -> str | None:
        """The hash of the token that a code was made for; it is good for one time."""
        known = self._codes.pop(hash_of(code), None)
        return known[0] if known is not None and known[1] > self._tracker.clock() else None

    def take_used(self) -> dict[str, float]:
        """Hash of a token → when it was last used, since the last call."""
        used, self._used = self._used, {}
        return used

    async def _of_hash(self, hashed: str, session: str = "") -> Principal | None:
        token = await self._tracker.read(_token_of_session, hashed, session)
        if token is None:
            return None
        self._used[hashed] = self._tracker.clock()
        return Principal(token.name, token.scope, session)

    def _opened(self, cookie: str) -> dict[str, str] | None:
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(
            self._signature("session", body).encode(), signature.encode("utf-8", "replace")
        ):
            return None
        known = json.loads(base64.urlsafe_b64decode(body))
        return known if known["until"] > self._tracker.clock() else None

    def _of_proxy(self, request: Request) -> Principal | None:
        """The user that a proxy names; only a proxy of the named address is believed."""
        sender = request.client.host if request.client is not None else ""
        if not self._settings.proxy_address or sender != self._settings.proxy_address:
            return None
        header_values = request.headers.getlist(self._settings.proxy_header)
        if len(header_values) != 1 or "," in header_values[0]:
            return None  # one of them may be the client's
        try:
            name = PERSON_NAME.validate_python(header_values[0].strip())
        except ValidationError:
            return None
        return Principal(name, TokenScope.WRITE, session=f"proxy:{name}")

    def _signature(self, purpose: str, text: str) -> str:
        message = f"{purpose}\n{text}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


def _token_of_session(store: StoreReader, hashed: str, session: str) -> AccessToken | None:
    """The token of this hash; None if its session ended."""
    return None if session and has_ended(store, session) else token_of(store, hashed)


def session_key(store: Writer) -> bytes:
    """The key of sessions and forms; made at the first start."""
    known = store.setting(_KEY)
    if known is None:
        known = secrets.token_hex(32)
        store.keep_setting(_KEY, known)
    return bytes.fromhex(known)
