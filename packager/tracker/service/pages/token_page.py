"""The page of access tokens, for administrators."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from packager.tracker.administration import create_token, revoke_token
from packager.tracker.core.texts import MAX_NAME, storable
from packager.tracker.service.auth import Principal
from packager.tracker.service.pages.forms import SentForm
from packager.tracker.service.pages.site import PageSite
from packager.tracker.service.problems import RefusedError
from packager.tracker.store.audit import audit_entries
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.tokens import TokenScope, tokens

SCOPES = {
    TokenScope.REPORT: "sends findings, reads nothing: for verbs, CI and Alertmanager",
    TokenScope.READ: "reads issues and /metrics, changes nothing: for Prometheus and scripts",
    TokenScope.WRITE: "reads, and acts on issues: for people",
    TokenScope.ADMIN: "everything, and tokens",
}


class TokenPage:
    """The handlers."""

    def __init__(self, site: PageSite) -> None:
        self._site = site
        self._tracker = site.context.tracker

    def routes(self) -> list[Route]:
        """The routes."""
        admin = TokenScope.ADMIN
        return [
            Route("/tokens", self._site.page(self.show, admin), methods=["GET"]),
            Route("/tokens", self._site.action(self.add, admin), methods=["POST"]),
            Route("/tokens/revoke", self._site.action(self.revoke, admin), methods=["POST"]),
        ]

    async def show(self, request: Request, who: Principal) -> Response:
        """``GET /tokens``."""
        return HTMLResponse(await self._tracker.read(self._render, who, "", ""))

    async def add(self, request: Request, who: Principal, form: SentForm) -> Response:
        """``POST /tokens``: the page has the secret, once; so it is no redirect."""
        name = str(storable(form.text("name")))
        if not 0 < len(name) <= MAX_NAME:
            raise RefusedError(400, "malformed", f"name: expected 1 to {MAX_NAME} characters")
        if form.text("scope") not in list(TokenScope):
            raise RefusedError(400, "malformed", f"scope: expected one of {', '.join(TokenScope)}")
        scope = TokenScope(form.text("scope"))
        try:
            now = self._tracker.clock()
            secret = await self._tracker.write(create_token, name, scope, who.name, now)
        except ValueError as error:
            raise RefusedError(409, "refused", f"{error}.") from None
        return HTMLResponse(await self._tracker.read(self._render, who, name, secret))

    async def revoke(self, request: Request, who: Principal, form: SentForm) -> Response:
        """``POST /tokens/revoke``: ``name``."""
        name = str(storable(form.exactly("name")))
        if name == who.name:
            message = "You are logged in with this token. Log in with another one to revoke it."
            raise RefusedError(409, "refused", message)
        await self._tracker.write(revoke_token, name, who.name, self._tracker.clock())
        return RedirectResponse("/tokens", 303)

    def _render(self, store: StoreReader, who: Principal, name: str, secret: str) -> str:
        values = {
            "title": "Tokens",
            "tokens": tokens(store),
            "scopes": SCOPES,
            "new_name": name,
            "secret": secret,
            "audit": audit_entries(store),
        }
        return self._site.render("tokens.html", who, values)
