"""Renders templates, and guards pages: login, scopes, forms, errors."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from packager.tracker.core.priority import formatted
from packager.tracker.service.auth import Principal
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.pages import formatting
from packager.tracker.service.pages.forms import SentForm, check_origin, form_of
from packager.tracker.service.pages.static import StaticFiles
from packager.tracker.service.problems import RefusedError
from packager.tracker.store.database import StoreError
from packager.tracker.store.tokens import TokenScope

Page = Callable[[Request, Principal], Awaitable[Response]]
Action = Callable[[Request, Principal, SentForm], Awaitable[Response]]
Handler = Callable[[Request], Awaitable[Response]]
_LOG = logging.getLogger(__name__)
_TITLES = {
    400: "That can't be read",
    401: "Log in first",
    403: "That is not allowed",
    404: "There is no such page",
    405: "That can't be done here",
    409: "That can't be done now",
    413: "That is too large",
    429: "That is too much",
}


class PageSite:
    """The objects that all pages share."""

    def __init__(self, context: ServiceContext) -> None:
        self.context = context
        self.static = StaticFiles()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=formatting.shown,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters.update(
            as_it_is=formatting.as_it_is,
            clock=formatting.clock,
            duration=formatting.duration,
            factor=formatted,
            percent=formatting.percent,
            short=formatting.shortened,
            small=formatting.small,
            subject=formatting.subject_of,
        )

    def render(self, template: str, who: Principal | None, values: Mapping[str, object]) -> str:
        """The HTML of a page."""
        auth = self.context.auth
        now = self.context.tracker.clock()
        shared = {
            "who": who,
            "is_admin": who is not None and who.scope is TokenScope.ADMIN,
            "by_session": who is not None and bool(who.session),
            "form_token": "" if who is None else auth.form_token(who),
            "static": self.static.addresses,
            "now": now,
            "ago": lambda at: formatting.ago(at, now),
            "near": lambda at: formatting.short_clock(at, now),
            "q": "",
        }
        return self._templates.get_template(template).render({**shared, **values})

    def error(
        self, status: int, message: str, who: Principal | None = None, title: str = ""
    ) -> Response:
        """The page of an error."""
        heading = title or _TITLES.get(status, "Something went wrong")
        values = {"status": status, "title": heading, "message": message}
        return HTMLResponse(self.render("error.html", who, values), status)

    def page(self, handler: Page, needed: TokenScope = TokenScope.WRITE) -> Handler:
        """A handler of GET, for those who are logged in; strangers are asked to log in."""

        async def run(request: Request, who: Principal) -> Response:
            return await handler(request, who)

        return self._guarded(run, needed)

    def action(self, handler: Action, needed: TokenScope = TokenScope.WRITE) -> Handler:
        """A handler of a form's POST; a form that another site sent is refused."""

        async def run(request: Request, who: Principal) -> Response:
            check_origin(request, self.context.settings)
            form = await form_of(request)
            if not self.context.auth.checks_form(who, form.text("form_token")):
                message = "The form is not of this session. Open the page again, and send it again."
                raise RefusedError(403, "forbidden", message)
            return await handler(request, who, form)

        return self._guarded(run, needed)

    def open(self, handler: Handler) -> Handler:
        """A handler that needs no login."""

        async def run(request: Request) -> Response:
            return await self._answered(handler(request), None)

        return run

    def _guarded(self, run: Page, needed: TokenScope) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                who = await self.context.auth.principal(request)
            except Exception as error:
                return self._failed(None, error)
            if who is None:
                return self._to_login(request)
            if not who.scope.allows(needed):
                message = f"This page needs a token of scope {needed}; yours has {who.scope}."
                return self.error(403, message, who if who.scope.allows(TokenScope.WRITE) else None)
            return await self._answered(run(request, who), who)

        return guarded

    async def _answered(self, answer: Awaitable[Response], who: Principal | None) -> Response:
        try:
            return await answer
        except RefusedError as error:
            return self.error(error.status, error.message, who)
        except Exception as error:
            return self._failed(who, error)

    def _failed(self, who: Principal | None, error: Exception) -> Response:
        _LOG.error("a page failed", exc_info=error)
        if not isinstance(error, StoreError):
            advice = "The service's log says why. If you sent a form, look whether it was kept."
            return self.error(500, advice, who)
        message = (
            "The service could not read or write its data. Its log says why. Nothing that was"
            " acknowledged is lost; try again in a minute."
        )
        return self.error(503, message, who, "The store does not answer")

    def _to_login(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return self.error(401, "Your session is over. Log in, then send the form again.")
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" if path == "/" else f"/login?next={quote(path)}", 303)
